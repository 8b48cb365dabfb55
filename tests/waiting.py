"""Waiting for something to become true, with a deadline instead of a sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T | None], *, seconds: float = 10, every: float = 0.05) -> T:
    """The first true-ish answer of `look`; AssertionError with the last one at the deadline."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            message = f"still {seen!r} after {seconds} s"
            raise AssertionError(message)
        time.sleep(every)
    return seen
