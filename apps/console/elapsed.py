"""How long something took, or takes so far; and when it was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.tenants.clock import database_now

if TYPE_CHECKING:
    from datetime import datetime


def elapsed_ms(start: datetime | None, end: datetime | None) -> int | None:
    """Whole milliseconds from start to end, never below 0; None without either."""
    if start is None or end is None:
        return None
    return max(0, round((end - start).total_seconds() * 1000))


def version() -> int:
    """The `seq` of what is read from now on: milliseconds of the database's clock."""
    return int(database_now().timestamp() * 1000)
