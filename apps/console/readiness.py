"""Whether the parts the console stands on do their work."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypedDict

import redis
from django.conf import settings
from django.db import DatabaseError

from apps.console.batch_pool import online_workers
from apps.console.dashboard import sweep_is_late

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

BROKER_SECONDS = 1.0


class WorkerCheck(TypedDict):
    """A batch worker that is online."""

    name: str
    status: str
    last_heartbeat: datetime


class Readiness(TypedDict):
    """`ready` when every check is."""

    ready: bool
    database: bool
    broker: bool
    beat: bool
    workers: list[WorkerCheck]


def readiness() -> Readiness:
    """Look at each part; one that does not answer hides no other."""
    broker = _broker_answers()
    try:
        beat = not sweep_is_late()
        workers = _workers()
    except DatabaseError as error:
        logger.warning("database_does_not_answer", extra={"error": str(error)})
        return {"ready": False, "database": False, "broker": broker, "beat": False, "workers": []}
    return {
        "ready": broker and beat and bool(workers),
        "database": True,
        "broker": broker,
        "beat": beat,
        "workers": workers,
    }


def _workers() -> list[WorkerCheck]:
    found = online_workers().order_by("name", "id")
    return [
        {"name": name, "status": status, "last_heartbeat": at}
        for name, status, at in found.values_list("name", "status", "last_heartbeat_at")
    ]


def _broker_answers() -> bool:
    """The broker in memory is this process; Redis is asked."""
    if not settings.REDIS_URL:
        return True
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS
    )
    try:
        return bool(client.ping())
    except redis.RedisError as error:
        logger.warning("broker_does_not_answer", extra={"error": str(error)})
        return False
    finally:
        client.close()
