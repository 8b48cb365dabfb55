"""Quotas a minute: requests per caller, submissions per tenant."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.exceptions import APIException
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from apps.tenants.callers import Caller
    from apps.tenants.models import Tenant

# DRF's views read the settings, which name this module, while the models are still loading: so
# nothing here imports a model, nor anything that does.

logger = logging.getLogger(__name__)

REQUESTS = "requests_per_minute"
SUBMITS = "max_submits_per_minute"
_REDIS_SECONDS = 0.3
_BLIND_SECONDS = 5.0


class QuotaExceeded(APIException):
    """A quota is used up; `wait` is in seconds and becomes `Retry-After`."""

    status_code = 429
    default_code = "throttled"

    def __init__(self, quota: str, limit: int, wait: int) -> None:
        super().__init__(f"The quota {quota} ({limit:,}) is used up; it resets in {wait} s.")
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a quota is used in the minute that ends at `resets_at`."""

    limit: int
    used: int
    resets_at: datetime | None


class _OurMemory(MemoryStorage):
    """Threads take turns: two that count at once would start its one timer twice, and fail."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        super().__init__()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and return how many there are."""
        with self._turn:
            return super().incr(key, expiry, amount)


class MinuteCounter:
    """Hits a minute, counted in one place for all processes: in Redis, else in our memory.

    When Redis does not answer, everything passes and it is left alone for some seconds.
    """

    def __init__(self) -> None:
        self._blind_until = 0.0

    @cached_property
    def _window(self) -> FixedWindowRateLimiter:
        if not settings.REDIS_URL:
            return FixedWindowRateLimiter(_OurMemory())
        options: dict[str, Any] = {
            "socket_timeout": _REDIS_SECONDS,
            "socket_connect_timeout": _REDIS_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        }
        return FixedWindowRateLimiter(
            RedisStorage(settings.REDIS_URL, wrap_exceptions=True, **options)
        )

    def hit(self, quota: str, identity: str, limit: int) -> None:
        """Count one. Raises QuotaExceeded where that is one too many."""
        item = RateLimitItemPerMinute(limit, namespace=quota)
        if time.monotonic() < self._blind_until:
            return
        try:
            if self._window.hit(item, identity):
                return
            ends = self._window.get_window_stats(item, identity).reset_time
        except StorageError as error:
            self._look_away(error)
            return
        raise QuotaExceeded(quota, limit, max(1, math.ceil(ends - time.time())))

    def usage(self, quota: str, identity: str, limit: int) -> Usage:
        """What is used now; nothing while Redis does not answer."""
        item = RateLimitItemPerMinute(limit, namespace=quota)
        if time.monotonic() < self._blind_until:
            return Usage(limit, 0, None)
        try:
            stats = self._window.get_window_stats(item, identity)
        except StorageError as error:
            self._look_away(error)
            return Usage(limit, 0, None)
        used = limit - stats.remaining
        ends = datetime.fromtimestamp(stats.reset_time, tz=UTC) if used else None
        return Usage(limit, used, ends)

    def reset(self) -> None:
        """Forget every count."""
        self._blind_until = 0.0
        self._window.storage.reset()

    def _look_away(self, error: StorageError) -> None:
        self._blind_until = time.monotonic() + _BLIND_SECONDS
        logger.warning("quotas_not_counted", extra={"error": str(error.storage_error)})


COUNTER = MinuteCounter()


class KeyThrottle(BaseThrottle):
    """So many requests a minute for each key and each staff user."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        caller = cast("Caller | None", request.auth)
        if caller is not None:
            COUNTER.hit(REQUESTS, _identity(caller), settings.CONSOLE_REQUESTS_PER_MINUTE)
        return True


def check_submit_quota(tenant: Tenant) -> None:
    """Count one submission. Raises QuotaExceeded when the tenant had its share this minute."""
    if tenant.max_submits_per_minute is not None:
        COUNTER.hit(SUBMITS, str(tenant.pk), tenant.max_submits_per_minute)


def submit_usage(tenant: Tenant) -> Usage | None:
    """What the tenant submitted this minute; None where it has no such quota."""
    if tenant.max_submits_per_minute is None:
        return None
    return COUNTER.usage(SUBMITS, str(tenant.pk), tenant.max_submits_per_minute)


def request_usage(caller: Caller) -> Usage:
    """How many requests the caller made this minute."""
    return COUNTER.usage(REQUESTS, _identity(caller), settings.CONSOLE_REQUESTS_PER_MINUTE)


def _identity(caller: Caller) -> str:
    if caller.key is not None:
        return f"key:{caller.key.public_id}"
    return f"user:{caller.actor.user_id}"
