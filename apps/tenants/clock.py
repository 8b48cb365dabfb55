"""The one clock that counts: the database's."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection
from django.utils import timezone

from apps.tenants import sql


def database_now() -> datetime:
    """The database's time. SQLite has no clock but this machine's."""
    if connection.vendor == "sqlite":
        return timezone.now()
    ((now,),) = sql.run("SELECT clock_timestamp()")
    assert isinstance(now, datetime)  # noqa: S101
    return now


def stamp(at: datetime) -> str:
    """`2026-01-31T08:00:00.000000Z`: how every time is written in JSON."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
