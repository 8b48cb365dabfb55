"""The files that belong to the project: all that `.gitignore` does not name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def project_files() -> tuple[Path, ...]:
    """All files of the project, also where it was unpacked without git."""
    return tuple(sorted(_walk(ROOT, (ROOT / ".gitignore").read_text().split())))


def _walk(folder: Path, ignored: list[str]) -> Iterator[Path]:
    for entry in os.scandir(folder):
        path = Path(entry.path)
        if entry.name == ".git" or any(_matches(path, entry.is_dir(), line) for line in ignored):
            continue
        if entry.is_dir():
            yield from _walk(path, ignored)
        else:
            yield path


def _matches(path: Path, is_folder: bool, line: str) -> bool:
    """Whether a line of `.gitignore` names this: with a leading slash from the top."""
    if line.endswith("/") and not is_folder:
        return False
    pattern = line.rstrip("/")
    if pattern.startswith("/"):
        return fnmatch(path.relative_to(ROOT).as_posix(), pattern[1:])
    return fnmatch(path.name, pattern)
