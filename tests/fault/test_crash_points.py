"""Crash points: placed, reached by the crash scenario, and dead outside of tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import override_settings

from apps.tenants.crash import POINTS, point
from tests.consoles import ROOT

PASS = "import django; django.setup(); from apps.tenants.crash import point; point('claim.before')"


def pass_by(settings_module: str, folder: Path, which: str = "claim.before") -> int:
    """The exit status of a process that passes a point once."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": settings_module,
        "CONSOLE_DATA_DIR": str(folder),
        "FAULT_POINT": which,
    }
    return subprocess.run(
        [sys.executable, "-c", PASS], cwd=ROOT, env=environment, check=False
    ).returncode


def test_production_settings_ignore_a_crash_point(tmp_path: Path) -> None:
    assert pass_by("console_project.settings", tmp_path) == 0


def test_under_test_settings_a_process_dies_at_its_point(tmp_path: Path) -> None:
    assert pass_by("tests.fault.settings", tmp_path) == -signal.SIGKILL


def test_it_dies_at_the_pass_that_was_named_only(tmp_path: Path) -> None:
    assert pass_by("tests.fault.settings", tmp_path, "claim.before:2") == 0


@override_settings(CRASH_POINTS=True)
def test_a_name_that_is_not_registered_is_refused() -> None:
    with pytest.raises(ValueError, match="is no crash point"):
        point("nowhere")


def test_every_point_stands_in_the_code_once() -> None:
    texts = [path.read_text() for path in (ROOT / "apps").rglob("*.py")]
    placed = [name for text in texts for name in re.findall(r'\bpoint\("([\w.]+)"\)', text)]
    assert sorted(placed) == sorted(POINTS)
