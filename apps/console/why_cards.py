"""Why a task of an engine that reserves cards does not start: what it needs, what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from apps.tasks.card_wants import is_short, places
from apps.tasks.status import WaitReason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.console.why_case import Answer, Case
    from apps.tasks.card_room import CardRoom, Wanted
    from apps.tasks.card_wants import Places


def without_card(case: Case) -> Answer | None:
    """The answer where no machine has room for it. A tenant hears only what its task needs: what
    is free would tell it of others.
    """
    found = places(case.task.engine_id)
    if not is_short(found):
        return None
    wanted = next(iter(found.values()))[0]
    detail = f"It needs {_said(wanted)}"
    if not case.to_tenant:
        detail += f"; {_most(found)}"
    return {"reason": WaitReason.NO_CARD_FREE, "detail": f"{detail}."}


def _said(wanted: Wanted) -> str:
    memory = f"{wanted.memory_mb:,} MiB free" if wanted.memory_mb else ""
    if not wanted.gpus:
        return f"{memory} on one card"
    cards = "a card" if wanted.gpus == 1 else f"{wanted.gpus} cards of one machine"
    each = f", with {memory}{' on each' if wanted.gpus > 1 else ''}" if memory else ""
    return f"{cards} for itself{each}"


def _most(places: Places) -> str:
    """How near the best machine comes."""
    if not any(found for _, found in places.values()):
        return "no machine that runs its engine has a card that works"
    if any(wanted.gpus for wanted, _ in places.values()):
        free, number, node = max(
            (sum(_fits(card, wanted) for card in found), len(found), node)
            for node, (wanted, found) in places.items()
        )
        return f"the most is {free} of {number} on {node}"
    return _most_memory([(card, node) for node, (_, found) in places.items() for card in found])


def _fits(card: CardRoom, wanted: Wanted) -> bool:
    taken = card.whole or card.shared or (card.mig and wanted.gpus > 1)
    return not taken and card.has(wanted.memory_mb)


def _most_memory(cards: Sequence[tuple[CardRoom, str]]) -> str:
    known = [
        (0 if card.whole else card.free_mb + card.idle_mb, node)
        for card, node in cards
        if card.free_mb is not None
    ]
    if not known:
        return "how much is free on any card is not known now"
    free, node = max(known)
    kept = settings.CONSOLE_GPU_RESERVE_MB
    beside = f", beside {kept:,} MiB kept for realtime workers on each" if kept else ""
    return f"the most that is free is {free:,} MiB, on {node}{beside}"
