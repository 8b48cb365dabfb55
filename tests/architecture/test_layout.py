"""Where files lie, how long they are, and what they must not mention."""

from __future__ import annotations

import re

from tests.architecture.tree import ROOT, project_files

TOP = {
    "console_project",
    "apps",
    "frontend",
    "templates",
    "tests",
    "docs",
    "examples",
    "benchmarks",
    "deploy",
    ".ci",
    "manage.py",
    "requirements.txt",
    "requirements.in",
    "requirements-dev.txt",
    "requirements-dev.in",
    "Procfile",
    "README.md",
    "Makefile",
    "pyproject.toml",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
}
BINS = {"utils.py", "helpers.py", "services.py", "misc.py", "common.py"}
LONGEST = 300
MACHINE_PATH = re.compile(r"(?<![\w.*-])/(?:work|root)/")


def test_only_the_agreed_entries_stand_at_the_top() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in project_files()}
    assert sorted(top - TOP) == []


def test_no_app_has_a_file_for_odds_and_ends() -> None:
    apps = [path for path in project_files() if path.is_relative_to(ROOT / "apps")]
    assert [path for path in apps if path.name in BINS] == []


def test_no_python_file_outgrows_its_limit() -> None:
    ours = [path for path in project_files() if path.suffix == ".py" and path.name != "settings.py"]
    sizes = {
        path: path.read_bytes().count(b"\n") for path in ours if "migrations" not in path.parts
    }
    assert {path: size for path, size in sizes.items() if size > LONGEST} == {}


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    texts = {path: path.read_bytes().decode(errors="replace") for path in project_files()}
    assert [path for path, text in texts.items() if MACHINE_PATH.search(text)] == []
