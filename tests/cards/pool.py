"""Engines that reserve cards, and workers that claim for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from apps.jobs.models import Job
from apps.tasks import reservations
from apps.tasks.claims import Claim
from apps.tasks.engines.definition import Engine
from apps.tasks.engines.registry import registry
from apps.tasks.models import CardHold, Task
from apps.workers.models import Worker
from tests.tasks.jobs import make_job, make_worker, task


def reserving(engine_id: str = "test.a", **more: Any) -> Engine:
    """A command whose script each task brings."""
    return replace(registry().engines["test.shell"], engine_id=engine_id, **more)


def waiting(number: int, engine_id: str = "test.a", **more: Any) -> Job:
    """A job of so many ready tasks."""
    return make_job(*(task(f"t{n}", **{"engine_id": engine_id, **more}) for n in range(number)))


def serving(*engines: Engine, name: str = "w1") -> Worker:
    """A worker on the machine `node`, which says what its engines reserve."""
    worker = make_worker(name, lease_seconds=600)
    worker.engines = {
        engine.engine_id: {
            "slots": 8, "gpus": engine.gpus, "gpu_memory_mb": engine.gpu_memory_mb,
        }
        for engine in engines
    }  # fmt: skip
    worker.save(update_fields=["engines"])
    return worker


def take(
    engine: Engine, worker: Worker | None = None, limit: int = 16, warm: Collection[Any] = ()
) -> list[Claim]:
    return reservations.claim(worker or serving(engine), engine, limit, warm)


def cards_in_use() -> list[str]:
    """What running attempts hold; a card once for each of them."""
    running = Task.objects.filter(status="running").values_list("id", "attempt")
    holds = CardHold.objects.order_by("uuid").values_list("task_id", "attempt", "uuid")
    return [uuid for task_id, attempt, uuid in holds if (task_id, attempt) in set(running)]
