"""Claims of engines that reserve cards: a task is taken together with its cards, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from apps.tasks import claims
from apps.tasks.card_room import Pick, Wanted, plan, rooms
from apps.tasks.models import CardHold
from apps.tasks.status import TaskStatus
from apps.workers.models import Node

if TYPE_CHECKING:
    from collections.abc import Collection

    from apps.tasks.claims import Claim
    from apps.tasks.engines.definition import Engine
    from apps.workers.models import Worker


def claim(
    worker: Worker, engine: Engine, limit: int, warm: Collection[tuple[str, ...]] = ()
) -> list[Claim]:
    """Take up to `limit` ready tasks for which this worker's machine has cards.

    The machine's row is locked first, so that no two workers of it give a card away twice; then
    come the locks of `claims.claim`.
    """
    if not claims.ready_count(engine.engine_id, 1):
        return []
    with transaction.atomic():
        Node.objects.select_for_update(no_key=True).get(name=worker.node_id)
        wanted = Wanted(engine.gpus, engine.gpu_memory_mb)
        picks = plan(rooms(worker.node_id), wanted, limit, warm)
        claimed = claims.claim(worker.id, engine.engine_id, len(picks)) if picks else []
        pairs = list(zip(claimed, picks, strict=False))
        CardHold.objects.bulk_create(
            hold for taken, pick in pairs for hold in _holds(taken, pick, engine)
        )
    return [replace(taken, cards=pick.cards, clears=pick.clears) for taken, pick in pairs]


def cleared(worker: Worker, cards: Collection[str]) -> set[str]:
    """Of these cards, those on which an attempt of another worker needs what idle hosts keep."""
    holds = CardHold.objects.filter(
        uuid__in=cards,
        clears=True,
        attempt=F("task__attempt"),
        task__status=TaskStatus.RUNNING,
        task__worker__node_id=worker.node_id,
    ).exclude(task__worker_id=worker.id)
    return set(holds.values_list("uuid", flat=True))


def _holds(taken: Claim, pick: Pick, engine: Engine) -> list[CardHold]:
    return [
        CardHold(
            task_id=taken.task_id,
            attempt=taken.attempt,
            uuid=uuid,
            memory_mb=None if engine.gpus else engine.gpu_memory_mb,
            clears=pick.clears,
        )
        for uuid in pick.cards
    ]
