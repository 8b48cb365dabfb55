"""Every run of a task leaves a line here, on both sides: what ran, how often, and when."""

from __future__ import annotations

import os
import time
from functools import cache
from itertools import pairwise
from pathlib import Path


def note(run: str, key: str) -> None:
    """One line; appended in one write, so that processes do not mix theirs."""
    os.write(_journal(), f"{run} {key} {time.time():.6f}\n".encode())


def read(path: Path) -> list[tuple[str, str, float]]:
    """What has run so far: run, key, time."""
    if not path.exists():
        return []
    rows = (line.split() for line in path.read_text().splitlines())
    return [(run, key, float(at)) for run, key, at in rows]


def gaps(path: Path) -> list[float]:
    """Seconds between one task and the next, for tasks that ran one after another."""
    times = sorted(at for _, _, at in read(path))
    return [after - before for before, after in pairwise(times)]


@cache
def _journal() -> int:
    return os.open(os.environ["YARD_JOURNAL"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
