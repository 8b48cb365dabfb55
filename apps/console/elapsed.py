"""How long something took, or takes so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def elapsed_ms(start: datetime | None, end: datetime | None) -> int | None:
    """Whole milliseconds from start to end, never below 0; None without either."""
    if start is None or end is None:
        return None
    return max(0, round((end - start).total_seconds() * 1000))
