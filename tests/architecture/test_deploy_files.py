"""What lies in deploy/ to be copied names what there is, and says that nothing runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, project_files

SAMPLES = sorted(
    path.relative_to(ROOT)
    for path in project_files()
    if path.is_relative_to(ROOT / "deploy") and not path.is_relative_to(ROOT / "deploy" / "build")
)
SOURCES = [
    ROOT / "console_project" / "settings.py",
    ROOT / "console_project" / "gunicorn_settings.py",
]
NAMED = re.compile(r"\b(?:CONSOLE|API|DATABASE|REDIS)_[A-Z_]+\b|\bWEB_CONCURRENCY\b")


def test_there_are_samples() -> None:
    assert {path.suffix for path in SAMPLES} >= {".service", ".yaml", ".conf"}


@pytest.mark.parametrize("path", SAMPLES, ids=str)
def test_a_sample_says_first_that_no_test_runs_it(path: Path) -> None:
    first = (ROOT / path).read_text().splitlines()[0]
    assert first.startswith("# No test runs this file.")


@pytest.mark.parametrize("path", SAMPLES, ids=str)
def test_a_sample_sets_nothing_that_nobody_reads(path: Path) -> None:
    read = set().union(*(NAMED.findall(source.read_text()) for source in SOURCES))
    assert set(NAMED.findall((ROOT / path).read_text())) <= read


def test_the_procfile_starts_what_the_units_start() -> None:
    started = {line.partition(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()}
    units = (ROOT / "deploy" / "systemd").glob("*.service")
    assert {unit.stem.removeprefix("yardmaster-").rstrip("@") for unit in units} == started
