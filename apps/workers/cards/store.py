"""A reading becomes rows: the machine's state, its cards, and a sample of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from apps.tenants.clock import database_now
from apps.workers.card_models import Gpu, GpuSample, NodeCards
from apps.workers.cards import reasons
from apps.workers.models import Node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from apps.workers.cards.holders import Holder
    from apps.workers.cards.reading import Card, Reading

MISSED_FOR = timedelta(hours=24)
"""So long a card that has gone is shown as lost; then it is taken for removed."""


def store(node: str, reading: Reading, holders: Mapping[str, Sequence[Holder]]) -> None:
    """Keep a reading of this machine. `holders` are those of each card, by its uuid."""
    now = database_now()
    Node.objects.get_or_create(name=node, defaults={"first_seen_at": now})
    with transaction.atomic():
        # Samples of one machine are stored one after another.
        Node.objects.select_for_update(no_key=True).get(name=node)
        Gpu.objects.filter(node_id=node).exclude(driver=reading.driver).delete()
        known = {gpu.uuid: gpu for gpu in Gpu.objects.filter(node_id=node, retired_at=None)}
        cards = _named(reading.cards, known)
        nameless = next((card for card in cards if not card.uuid), None)
        seen = {card.uuid: card for card in cards if card.uuid}
        _keep_cards(node, reading.driver, seen, known, now)
        if not reading.reason:
            _note_missing(known, seen, now)
        _keep_samples(known, seen, holders, reading.reason or reasons.CARD_LOST, now)
        failed = nameless or reading
        NodeCards.objects.update_or_create(
            node_id=node,
            defaults={
                "at": now,
                "driver": reading.driver,
                "driver_version": reading.driver_version[:80],
                "reason": failed.reason,
                "detail": failed.detail[:200],
            },
        )


def _named(cards: Sequence[Card], known: Mapping[str, Gpu]) -> list[Card]:
    """A card that cannot even say who it is takes the name of the one that was in its place."""
    seen = {card.uuid for card in cards}
    by_index = {
        gpu.index: uuid for uuid, gpu in known.items() if not gpu.mig_parent and uuid not in seen
    }
    return [
        card if card.uuid else replace(card, uuid=by_index.get(card.index, "")) for card in cards
    ]


def _keep_cards(
    node: str, driver: str, seen: Mapping[str, Card], known: Mapping[str, Gpu], now: datetime
) -> None:
    for uuid, card in seen.items():
        facts = {
            "node_id": node,
            "index": card.index,
            "driver": driver,
            "last_seen_at": now,
            "missing_since": None,
            "retired_at": None,
        }
        # One that is lost may not tell these any more.
        told = {"name": card.name[:120], "total_mb": card.total_mb, "mig_parent": card.mig_parent}
        facts |= {name: value for name, value in told.items() if value}
        if uuid in known:
            Gpu.objects.filter(uuid=uuid).update(**facts)
        else:
            Gpu.objects.update_or_create(
                uuid=uuid, defaults=facts, create_defaults=facts | {"first_seen_at": now}
            )


def _note_missing(known: Mapping[str, Gpu], seen: Mapping[str, Card], now: datetime) -> None:
    """What the driver does not name any more is missing, unless as many new cards took its place.

    A MIG instance was taken apart. A card that has been missing for long was taken out.
    """
    gone = [gpu for uuid, gpu in known.items() if uuid not in seen]
    cards = [gpu.uuid for gpu in gone if not gpu.mig_parent]
    new = [uuid for uuid, card in seen.items() if uuid not in known and not card.mig_parent]
    retired = {gpu.uuid for gpu in gone if gpu.mig_parent}
    if len(new) >= len(cards):
        retired.update(cards)
    rows = Gpu.objects.filter(uuid__in=[gpu.uuid for gpu in gone])
    rows.filter(missing_since=None).update(missing_since=now)
    rows.filter(missing_since__lt=now - MISSED_FOR).update(retired_at=now)
    Gpu.objects.filter(uuid__in=retired).update(retired_at=now)


def _keep_samples(
    known: Mapping[str, Gpu],
    seen: Mapping[str, Card],
    holders: Mapping[str, Sequence[Holder]],
    reason: str,
    now: datetime,
) -> None:
    """One of each card; of one that was not read an empty one, which says why."""
    samples = [_sample(card, holders.get(uuid, ()), now) for uuid, card in seen.items()]
    samples += [GpuSample(gpu_id=uuid, at=now, reason=reason) for uuid in known if uuid not in seen]
    GpuSample.objects.bulk_create(samples)


def _sample(card: Card, holders: Sequence[Holder], now: datetime) -> GpuSample:
    return GpuSample(
        gpu_id=card.uuid,
        at=now,
        used_mb=None if card.reason in reasons.OF_THE_CARD else card.used_mb,
        utilization=card.utilization,
        temperature=card.temperature,
        power_w=card.power_w,
        reason=card.reason,
        holders=[holder.columns() for holder in holders],
    )
