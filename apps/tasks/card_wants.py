"""Where an engine that reserves cards could run, and whether any machine has room for it now."""

from __future__ import annotations

from django.db.models.functions import Now

from apps.tasks.card_room import CardRoom, Wanted, plan, rooms
from apps.workers.models import Worker
from apps.workers.status import ONLINE, WorkerKind, WorkerStatus

Places = dict[str, tuple[Wanted, list[CardRoom]]]
"""By machine: what the engine wants there, and the cards that work."""


def places(engine_id: str) -> Places:
    """Empty where some worker runs it without a card. Those that drain do not count."""
    online = Worker.objects.filter(
        kind=WorkerKind.BATCH, status__in=ONLINE, lease_until__gte=Now()
    ).exclude(status=WorkerStatus.DRAINING)
    found: Places = {}
    for node, engines in online.order_by("node_id").values_list("node_id", "engines"):
        served = engines.get(engine_id)
        if served is None or node in found:
            continue
        wanted = wanted_by(served)
        if wanted == Wanted():
            return {}
        found[node] = wanted, rooms(node)
    return found


def wanted_by(served: dict[str, int]) -> Wanted:
    """What an engine wants of cards, by a worker's word."""
    return Wanted(served.get("gpus", 0), served.get("gpu_memory_mb", 0))


def is_short(found: Places) -> bool:
    """Whether it wants cards, and no machine has room for one task."""
    return bool(found) and not any(plan(cards, wanted, 1) for wanted, cards in found.values())
