"""Everything is pinned by hash, from no particular address, at versions without known holes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from packaging.version import Version

from tests.architecture.tree import ROOT

FLOORS = {
    "autobahn": "26.10.1",
    "daphne": "4.2.2",
    "django": "5.2.19",
    "djangorestframework": "3.18.3",
    "twisted": "26.4",
}
PINNED_FILES = sorted(
    path.relative_to(ROOT)
    for folder in (ROOT, *(ROOT / "examples").glob("*"))
    for path in folder.glob("requirements*.txt")
)
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>\S+)((?: --hash=sha256:[0-9a-f]{64})+)")


def requirements(path: Path) -> list[str]:
    """The requirements of a file, each on one line, without comments."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / path).read_text(), flags=re.MULTILINE)
    return re.sub(r"\s*\\\n\s*", " ", text).splitlines()


@pytest.mark.parametrize("name", FLOORS)
def test_no_package_is_older_than_its_floor(name: str) -> None:
    pins = [pin for line in requirements(Path("requirements.txt")) if (pin := PIN.match(line))]
    versions = {pin["name"]: Version(pin["version"]) for pin in pins}
    assert versions[name] >= Version(FLOORS[name])


@pytest.mark.parametrize("path", PINNED_FILES, ids=str)
def test_every_requirement_is_pinned_by_hash_and_nothing_else_stands_there(path: Path) -> None:
    assert [line for line in requirements(path) if not PIN.fullmatch(line)] == []


def test_no_requirement_names_an_index() -> None:
    inputs = [path.read_text() for path in ROOT.glob("requirements*.in")]
    assert not any(re.search(r"^--?(?:i|f|extra-index|index|find-links)", text) for text in inputs)


def test_the_pages_lockfile_names_no_address_and_every_package_has_a_hash() -> None:
    packages = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert [path for path, package in installed.items() if "resolved" in package] == []
    assert [path for path, package in installed.items() if "integrity" not in package] == []
