"""Bells: "engine X has ready work". Losing one costs latency, never work."""

from __future__ import annotations

import logging
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from kombu import pools
from kombu.exceptions import LimitExceeded
from kombu.exceptions import OperationalError as BrokerError

from console_project.celery import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 2.0
"""How long nothing is rung after the broker failed to answer: workers poll meanwhile."""

PACE_SECONDS = 0.2
ACQUIRE_SECONDS = 0.5

_NOT_TAKEN = (BrokerError, LimitExceeded, OSError)

_listeners: list[Callable[[str], None]] = []
_silent_until = 0.0
_lock = threading.Lock()


def listen(listener: Callable[[str], None]) -> None:
    """Have `listener(engine_id)` called for every bell of this process, on any thread."""
    _listeners.append(listener)


def unlisten(listener: Callable[[str], None]) -> None:
    """Stop calling it."""
    _listeners.remove(listener)


def hear(engine_id: str) -> None:
    """A bell arrived."""
    for listener in _listeners:
        listener(engine_id)


def ring(engine_ids: Iterable[str]) -> None:
    """Tell the workers of these engines now. Gives up within a second when the broker is away."""
    global _silent_until  # noqa: PLW0603
    for engine_id in engine_ids:
        if not settings.REDIS_URL:
            # All workers there are live in this process.
            hear(engine_id)
            continue
        if time.monotonic() < _silent_until:
            return
        try:
            _publish("tasks.bell", f"engine.{engine_id}", engine_id)
        except _NOT_TAKEN as error:
            with _lock:
                _silent_until = time.monotonic() + SILENCE_SECONDS
            logger.warning("bell_not_rung", extra={"engine_id": engine_id, "cause": str(error)})


def _publish(name: str, queue: str, *arguments: str) -> None:
    """Send one message, over connections of their own that give up sooner than the worker's."""
    with _producers().acquire(block=True, timeout=ACQUIRE_SECONDS) as producer:
        app.send_task(
            name,
            args=arguments,
            queue=queue,
            producer=producer,
            ignore_result=True,
            retry=False,
            expires=60,
        )


@cache
def _producers() -> Any:
    connection = app.connection_for_write(transport_options=settings.CONSOLE_PUBLISH_OPTIONS)
    return pools.producers[connection]


class Bells:
    """The bells of one process: each engine's at most every so often, and the last one for sure.

    A bell wakes one worker, which rings on before it begins: more bells would only be work.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rung_at: dict[str, float] = {}
        self._waiting: set[str] = set()
        self._timed = False

    def ring(self, *engine_ids: str) -> None:
        """Now, or as soon as they may ring again: somebody must ask for `ring_due` then."""
        with self._lock:
            self._waiting |= set(engine_ids)
        self.ring_due()

    def ring_due(self) -> None:
        """Ring what had to wait."""
        now = time.monotonic()
        with self._lock:
            due = {
                one for one in self._waiting if now - self._rung_at.get(one, 0.0) >= PACE_SECONDS
            }
            self._waiting -= due
            self._rung_at |= dict.fromkeys(due, now)
        ring(sorted(due))

    def ring_for_sure(self, *engine_ids: str) -> None:
        """The same from a thread that has other work: what must wait is rung by a timer."""
        self.ring(*engine_ids)
        with self._lock:
            if self._timed or not self._waiting:
                return
            self._timed = True
        timer = threading.Timer(PACE_SECONDS, self._ring_late)
        timer.daemon = True
        timer.start()

    def _ring_late(self) -> None:
        with self._lock:
            self._timed = False
        self.ring_for_sure()


_OURS = Bells()


def send_canary(queue: str) -> bool:
    """A message to this process through its own queue; whether the broker took it."""
    if time.monotonic() < _silent_until:
        return False
    try:
        _publish("tasks.canary", queue)
    except _NOT_TAKEN as error:
        logger.warning("canary_not_sent", extra={"queue": queue, "cause": str(error)})
        return False
    return True


def ring_on_commit(engine_ids: Iterable[str]) -> None:
    """Ring once the transaction is committed."""
    engines = sorted(set(engine_ids))
    if engines:
        transaction.on_commit(lambda: _OURS.ring_for_sure(*engines))
