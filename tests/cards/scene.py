"""Readings to be kept, as the child would bring them; and cards that are there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from apps.tasks.claims import Claim
from apps.tasks.settle import Outcome
from apps.tenants.clock import database_now
from apps.workers.card_models import Gpu, GpuSample, NodeCards
from apps.workers.cards.holders import Holder
from apps.workers.cards.reading import NVML, Card, Reading
from apps.workers.cards.store import store
from apps.workers.models import Node, Worker
from tests.factories import make_tenant
from tests.tasks.jobs import claim, make_job, make_worker, report, task


def card(uuid: str = "GPU-0", index: int = 0, used_mb: int | None = 1000, **more: Any) -> Card:
    facts: dict[str, Any] = {"name": "Test card", "total_mb": 8192, "utilization": 37}
    return Card(uuid, index, used_mb=used_mb, **(facts | more))


def see(*cards: Card, node: str = "node", held: Sequence[Holder] = (), **more: Any) -> None:
    """Keep a reading; `held` is what is on its first card."""
    reading = Reading(**({"driver": NVML, "cards": cards} | more))
    store(node, reading, {cards[0].uuid: held} if cards else {})


def make_gpu(uuid: str, **more: Any) -> Gpu:
    """A card that was never looked at."""
    now = database_now()
    node, _ = Node.objects.get_or_create(name="node", defaults={"first_seen_at": now})
    facts = {"node": node, "index": 0, "driver": NVML, "first_seen_at": now, "last_seen_at": now}
    return Gpu.objects.create(uuid=uuid, **(facts | more))


def age(seconds: float) -> None:
    """Let all looks be so much older."""
    by = timedelta(seconds=seconds)
    for looked in NodeCards.objects.all():
        looked.at -= by
        looked.save(update_fields=["at"])
    for sample in GpuSample.objects.all():
        sample.at -= by
        sample.save(update_fields=["at"])


def newest(uuid: str = "GPU-0") -> GpuSample:
    return GpuSample.objects.filter(gpu_id=uuid).latest("at")


def running(slug: str = "acme", worker: Worker | None = None) -> Claim:
    """An attempt of this tenant that runs and has been told of."""
    make_job(task("only"), tenant=make_tenant(slug))
    (held,) = claim(worker or make_worker(), limit=1)
    report(held, Outcome.STARTED)
    return held


def holding(held: Claim, used_mb: int | None = 300, pid: int = 77) -> Holder:
    """A process of this attempt."""
    return Holder("attempt", pid, used_mb, None, held.engine_id, (held.task_id, held.attempt))
