"""What dashboard and metrics say of the cards: memory, and which machines are in trouble."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

from prometheus_client.core import GaugeMetricFamily

from apps.console.gpu_state import GONE, fresh_holders, node_states
from apps.tasks.models import Task
from apps.workers.cards.reading import NVML, SIMULATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from prometheus_client import Metric

    from apps.console.gpu_state import CardState, NodeState
    from apps.tenants.models import Tenant

_SENTENCES = {
    "no_library": "the driver's library is not found",
    "no_driver": "the driver is not loaded",
    "driver_mismatch": "the driver was updated and not loaded anew",
    "no_permission": "the driver refuses to tell",
    "card_lost": "it is lost",
    "card_faulty": "the driver reports a fault of it",
    "reset_required": "it has to be reset",
    "timeout": "the driver does not answer",
    "unknown": "the driver reports an error",
    "stale": "it has not been read for a while",
}


class Memory(NamedTuple):
    """MiB over all that can be read now, of which kind of cards, and when the oldest of them was
    read. `unknown`: there are cards, and what they hold is not known; `none`: there is nothing.
    """

    used_mb: int | None
    total_mb: int | None
    driver: str | None
    sampled_at: datetime | None
    status: Literal["ok", "unknown", "none"]


NOTHING = Memory(None, None, None, None, "none")
UNKNOWN = NOTHING._replace(status="unknown")


def memory(nodes: Iterable[NodeState]) -> Memory:
    """Of all real cards; of made-up ones only where there is no real one."""
    nodes = list(nodes)
    found: dict[str, list[tuple[int, int, datetime]]] = defaultdict(list)
    for node in nodes:
        for card in _whole(node.cards):
            if card.known and card.used_mb is not None and card.gpu.total_mb is not None:
                figures = card.used_mb, card.gpu.total_mb, card.known.at
                found[card.gpu.driver].append(figures)
    for driver in (NVML, SIMULATED):
        if cards := found.get(driver):
            used, total, at = zip(*cards, strict=True)
            return Memory(sum(used), sum(total), driver, min(at), "ok")
    return UNKNOWN if any(node.status != "none" for node in nodes) else NOTHING


def own_memory(tenant: Tenant) -> Memory:
    """What the tenant's attempts hold on real cards; nothing where they hold none."""
    held: dict[str, int] = defaultdict(int)
    read: dict[str, datetime] = {}
    for at, holder in fresh_holders():
        if holder["task_id"] and holder["used_mb"] is not None:
            held[holder["task_id"]] += holder["used_mb"]
            read[holder["task_id"]] = min(at, read.get(holder["task_id"], at))
    own = Task.objects.of(tenant).filter(id__in=held).values_list("id", flat=True)
    mine = [str(task_id) for task_id in own] if held else []
    if not mine:
        return NOTHING
    used_mb = sum(held[task_id] for task_id in mine)
    return Memory(used_mb, None, NVML, min(read[task_id] for task_id in mine), "ok")


def _whole(cards: list[CardState]) -> Iterator[CardState]:
    """Each card once: its instances stand for one that does not tell its own memory."""
    for card in cards:
        if card.gpu.mig_parent:
            parent = next((one for one in cards if one.gpu.uuid == card.gpu.mig_parent), None)
            if parent is None or parent.used_mb is None:
                yield card
        else:
            yield card


def trouble(nodes: Iterable[NodeState]) -> Iterator[tuple[str, str]]:
    """One code and sentence for each machine that is in trouble."""
    for node in nodes:
        if node.in_trouble:
            name = node.looked.node_id
            failed = [card for card in node.cards if card.status != "ok"]
            lost = any(card.reason in GONE for card in failed)
            if node.looked.reason and not lost:
                said = _SENTENCES.get(node.looked.reason, node.looked.reason)
                yield "gpu_unreadable", f"The cards of {name} cannot be read: {said}."
            elif failed:
                yield "gpu_lost" if lost else "gpu_unreadable", _of_cards(name, failed)


def _of_cards(node: str, failed: list[CardState]) -> str:
    worst = next((card for card in failed if card.reason in GONE), failed[0])
    more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    said = _SENTENCES.get(worst.reason, worst.reason)
    return f"Card {worst.gpu.index} of {node}{more}: {said}."


# Metrics -----------------------------------------------------------------------------------------

_LABELS = ("node", "gpu", "index", "driver")
_GAUGES = (
    ("gpu_memory_used_mb", "Memory in use on a card, in MiB."),
    ("gpu_memory_total_mb", "Memory of a card, in MiB."),
    ("gpu_utilization_percent", "How much of the time a card computed."),
    ("gpu_temperature_celsius", "Temperature of a card."),
    ("gpu_power_watts", "What a card draws."),
)


def families() -> Iterator[Metric]:
    """Gauges of each card; what is not known now has none, and its reason in one of its own."""
    cards = [card for node in node_states() for card in node.cards]
    gauges = {
        name: GaugeMetricFamily(f"yardmaster_{name}", text, labels=_LABELS)
        for name, text in _GAUGES
    }
    unread = GaugeMetricFamily(
        "yardmaster_gpu_unreadable", "1 where a card cannot be read.", labels=[*_LABELS, "reason"]
    )
    for card in cards:
        labels = [card.gpu.node_id, card.gpu.uuid, str(card.gpu.index), card.gpu.driver]
        for (name, _), value in zip(_GAUGES, _values(card), strict=True):
            if value is not None:
                gauges[name].add_metric(labels, value)
        if card.status != "ok":
            unread.add_metric([*labels, card.reason], 1)
    yield from gauges.values()
    yield unread


def _values(card: CardState) -> tuple[float | None, ...]:
    sample = card.known
    if sample is None:
        return (None,) * len(_GAUGES)
    figures = sample.utilization, sample.temperature, sample.power_w
    return card.used_mb, card.gpu.total_mb, *figures
