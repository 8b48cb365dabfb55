"""Bells: "engine X has ready work". Losing one costs latency, never work."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError

from console_project.celery import app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 2.0
"""How long nothing is rung after the broker failed to answer: workers poll meanwhile."""

_listeners: list[Callable[[str], None]] = []
_silent_until = 0.0
_lock = threading.Lock()


def listen(listener: Callable[[str], None]) -> None:
    """Have `listener(engine_id)` called, on the Celery thread, for every bell of this process."""
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
        if time.monotonic() < _silent_until:
            return
        try:
            app.send_task(
                "tasks.bell",
                args=[engine_id],
                queue=f"engine.{engine_id}",
                ignore_result=True,
                retry=False,
                expires=60,
            )
        except (BrokerError, OSError) as error:
            with _lock:
                _silent_until = time.monotonic() + SILENCE_SECONDS
            logger.warning("bell_not_rung", extra={"engine_id": engine_id, "cause": str(error)})


def ring_on_commit(engine_ids: Iterable[str]) -> None:
    """Ring once the transaction is committed."""
    engines = sorted(set(engine_ids))
    if engines:
        transaction.on_commit(lambda: ring(engines))
