"""Times of a shared worker as a tenant is told them: none tells of what others do there.

A worker beats at once when a session begins or ends, so the moment of its last heartbeat, and
every end that it puts off, would show when another tenant's session did. What is told instead
follows from the clock alone, as long as the worker beats every half lease: the half lease before
the present one. It is a lower bound, at most a whole lease early.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings

_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def heard(at: datetime, now: datetime) -> datetime:
    """The worker's last heartbeat was then or later."""
    return _bound(at, now, timedelta(seconds=settings.CONSOLE_LEASE_SECONDS) / 2)


def expiry(expires_at: datetime, renewed_at: datetime, ttl_seconds: int, now: datetime) -> datetime:
    """A session that its worker lists lasts until then or longer. Exact where the tenant itself
    put its end off last, at `renewed_at`. Of one that has ended, `now` is when it did.
    """
    ttl = timedelta(seconds=ttl_seconds)
    step = min(timedelta(seconds=settings.CONSOLE_LEASE_SECONDS), ttl) / 2
    return max(renewed_at + ttl, _bound(expires_at - ttl, now, step) + ttl)


def _bound(at: datetime, now: datetime, step: timedelta) -> datetime:
    return min(_floor(at, step), _floor(now, step) - step)


def _floor(at: datetime, step: timedelta) -> datetime:
    return at - (at - _ZERO) % step
