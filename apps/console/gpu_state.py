"""How the machines' cards are now, in a constant number of queries: what all views share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from apps.workers.card_models import Gpu, GpuSample, NodeCards
from apps.workers.cards import reasons
from apps.workers.cards.reading import NVML
from apps.workers.models import Worker
from apps.workers.status import ONLINE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

STALE_PERIODS = 3
"""A sample is fresh for so long; a look that hangs takes a while too."""
HANG = timedelta(seconds=6)
HARMLESS = frozenset({"", reasons.NOT_SUPPORTED, reasons.NO_DATA})
"""What leaves a figure unknown and nothing broken."""
GONE = frozenset({reasons.CARD_LOST, reasons.RESET_REQUIRED, reasons.CARD_FAULTY})
STALE = "stale"

CardStatus = Literal["ok", "lost", "unreadable", "stale"]
NodeStatus = Literal["ok", "none", "degraded", "stale"]


@dataclass(frozen=True, slots=True)
class CardState:
    """A card with its newest sample, which is None before the first."""

    gpu: Gpu
    sample: GpuSample | None
    fresh: bool

    @property
    def known(self) -> GpuSample | None:
        """The newest sample, unless it is too old to be said of now."""
        return self.sample if self.fresh else None

    @property
    def reason(self) -> str:
        """Why its memory is not known or the card not well; empty when all is."""
        return STALE if self.known is None else self.known.reason

    @property
    def status(self) -> CardStatus:
        reason = self.reason
        if reason == STALE:
            return "stale"
        if reason in GONE:
            return "lost"
        return "ok" if reason in HARMLESS else "unreadable"

    @property
    def used_mb(self) -> int | None:
        """Known now, or None."""
        return self.known.used_mb if self.known else None


@dataclass(slots=True)
class NodeState:
    """A machine whose cards were looked at, with those that are not retired."""

    looked: NodeCards
    fresh: bool
    online: bool
    cards: list[CardState] = field(default_factory=list)

    @property
    def status(self) -> NodeStatus:
        """A machine without a card that never had one is not in trouble."""
        if not self.cards and self.looked.reason in reasons.ABSENT | {""}:
            return "none"
        if not self.fresh:
            return "stale"
        failed = bool(self.looked.reason) or any(card.status != "ok" for card in self.cards)
        return "degraded" if failed else "ok"

    @property
    def in_trouble(self) -> bool:
        """Whether staff should look: one that is switched off has nobody who could read it."""
        status = self.status
        return status == "degraded" or (status == "stale" and self.online)


def fresh_for() -> timedelta:
    """How old a sample may be that still counts as now."""
    return timedelta(seconds=STALE_PERIODS * settings.CONSOLE_GPU_SECONDS) + HANG


def node_states() -> list[NodeState]:
    """Every machine whose cards were ever looked at, by name."""
    now = timezone.now()
    online = set(Worker.objects.filter(status__in=ONLINE).values_list("node_id", flat=True))
    nodes = {
        looked.node_id: NodeState(looked, _is_fresh(looked.at, now), looked.node_id in online)
        for looked in NodeCards.objects.order_by("node_id")
    }
    newest = {sample.gpu_id: sample for sample in newest_samples()}
    for gpu in _in_order(Gpu.objects.filter(retired_at=None, node_id__in=nodes)):
        node = nodes[gpu.node_id]
        node.cards.append(CardState(gpu, newest.get(gpu.uuid), node.fresh))
    return list(nodes.values())


def newest_samples() -> QuerySet[GpuSample]:
    """The sample of each card that was made when its machine was last looked at."""
    return GpuSample.objects.filter(at=F("gpu__node__cards__at"), gpu__retired_at=None)


def fresh_holders() -> Iterable[tuple[datetime, dict[str, Any]]]:
    """Every process on a real card now, and when it was seen there."""
    fresh = newest_samples().filter(at__gte=timezone.now() - fresh_for(), gpu__driver=NVML)
    return [(at, holder) for at, held in fresh.values_list("at", "holders") for holder in held]


def _is_fresh(at: datetime, now: datetime) -> bool:
    return at >= now - fresh_for()


def _in_order(gpus: Iterable[Gpu]) -> list[Gpu]:
    """By number, each card before its instances."""
    found = list(gpus)
    numbers = {gpu.uuid: gpu.index for gpu in found}
    return sorted(
        found,
        key=lambda gpu: (
            numbers.get(gpu.mig_parent or gpu.uuid, 0),
            bool(gpu.mig_parent),
            gpu.index,
        ),
    )
