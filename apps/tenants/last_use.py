"""When a key was last used: kept in memory, written once a minute by a thread of its own."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from apps.tenants.models import ApiKey

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

logger = logging.getLogger(__name__)

PERIOD = timedelta(minutes=1)


class LastUse:
    """Uses since the last flush. A serving process calls `start`; without it nothing is written.

    What a killed process had noted is lost: at most a minute of it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[UUID, datetime] = {}
        self._stopping = Event()
        self._thread: Thread | None = None

    def note(self, key: ApiKey) -> None:
        """Remember that the key was used now, where the stored time is older than a minute."""
        now = timezone.now()
        if key.last_used_at is None or now - key.last_used_at >= PERIOD:
            with self._lock:
                self._seen[key.pk] = now

    def flush(self) -> None:
        """Write what was noted; what the database does not take now is written the next time."""
        with self._lock:
            seen, self._seen = self._seen, {}
        try:
            for pk, at in list(seen.items()):
                stale = Q(last_used_at=None) | Q(last_used_at__lte=at - PERIOD)
                ApiKey.objects.filter(stale, pk=pk).update(last_used_at=at)
                del seen[pk]
        except DatabaseError:
            logger.warning("last_use_not_written", extra={"keys": len(seen)}, exc_info=True)
            with self._lock:
                self._seen = seen | self._seen

    def start(self) -> None:
        """Begin to write once a minute; again is no error."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = Thread(target=self._run, name="last-use", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what is left and end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=1)
            self._thread = None

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(PERIOD.total_seconds())
            self.flush()
            connection.close()


LAST_USE = LastUse()
