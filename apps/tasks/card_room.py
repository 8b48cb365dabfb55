"""How much room the cards of a machine have, and which of them attempts may have.

A card is held by the tasks that run and whose hold of their current attempt names it: it is free
again as soon as they do not run any more, whatever ended them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import F

from apps.tasks.models import CardHold, Task
from apps.tasks.status import TaskStatus
from apps.tenants.clock import database_now
from apps.workers.card_models import Gpu, GpuSample, NodeCards
from apps.workers.cards import reasons
from apps.workers.cards.reading import NVML
from apps.workers.models import Worker
from apps.workers.status import ONLINE, WorkerKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from apps.tasks.held import Place

FRESH_PERIODS = 3
"""A sample says for so many periods how much is free."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an attempt needs: so many cards for itself, or a place on one; MiB free on each."""

    gpus: int = 0
    memory_mb: int = 0


class Pick(NamedTuple):
    """Cards for one attempt. `clears`: what idle hosts keep there has to make room."""

    cards: tuple[str, ...]
    clears: bool


@dataclass(frozen=True, slots=True)
class CardRoom:
    """A card that tasks may use. `free_mb` is None where nobody knows; beside it, idle engine
    hosts hold `idle_mb` that they would give up. `whole`: one attempt holds all of it; `shared`:
    attempts hold a part of it.
    """

    uuid: str
    index: int
    total_mb: int | None
    mig: bool
    free_mb: int | None = None
    idle_mb: int = 0
    whole: bool = False
    shared: bool = False

    def has(self, memory_mb: int) -> bool:
        """Whether so much is free, or would be."""
        return not memory_mb or (
            self.free_mb is not None and self.free_mb + self.idle_mb >= memory_mb
        )


class _Held(NamedTuple):
    uuid: str
    place: Place
    memory_mb: int | None
    started_at: datetime


@dataclass(frozen=True, slots=True)
class _Floor:
    """What is the same for all cards of a machine: which attempts run there, which engines
    reserve cards, and since when a sample is fresh.
    """

    running: Collection[Place]
    reserving: Collection[str]
    fresh_since: datetime


def rooms(node: str) -> list[CardRoom]:
    """The cards of a machine that work, by index. Simulated ones are for looking only."""
    looked = NodeCards.objects.filter(node_id=node).first()
    if looked is None or looked.driver != NVML or looked.reason:
        return []
    gpus = list(Gpu.objects.filter(node_id=node, retired_at=None, missing_since=None))
    samples = {
        sample.gpu_id: sample
        for sample in GpuSample.objects.filter(gpu__node_id=node, at=looked.at)
        if sample.reason not in reasons.OF_THE_CARD
    }
    split = {gpu.mig_parent for gpu in gpus}
    held = _held(node)
    floor = _floor(node)
    return [
        _room(gpu, samples[gpu.uuid], held[gpu.uuid], floor)
        for gpu in sorted(gpus, key=lambda gpu: (gpu.index, gpu.uuid))
        if gpu.uuid in samples and gpu.uuid not in split
    ]


def plan(
    found: Iterable[CardRoom], wanted: Wanted, most: int, warm: Collection[tuple[str, ...]] = ()
) -> list[Pick]:
    """Cards for up to `most` attempts. `warm`: where the engine has idle hosts."""
    left = {room.uuid: room for room in found}
    picks: list[Pick] = []
    choose = _whole if wanted.gpus else _part
    while len(picks) < most and (pick := choose(left, wanted, warm)):
        picks.append(pick)
    return picks


def _whole(
    left: dict[str, CardRoom], wanted: Wanted, warm: Collection[tuple[str, ...]]
) -> Pick | None:
    """Cards that nobody holds. A process can use several cards, but only one MIG instance."""
    usable = [
        room.uuid
        for room in left.values()
        if not (room.whole or room.shared or (room.mig and wanted.gpus > 1))
        and room.has(wanted.memory_mb)
    ]
    known = [cards for cards in warm if len(cards) == wanted.gpus and set(cards) <= set(usable)]
    if len(usable) < wanted.gpus:
        return None
    cards = known[0] if known else tuple(usable[: wanted.gpus])
    for uuid in cards:
        del left[uuid]
    return Pick(cards, clears=True)


def _part(
    left: dict[str, CardRoom], wanted: Wanted, warm: Collection[tuple[str, ...]]
) -> Pick | None:
    """The fullest card that has room, so that others stay whole; rather one with a warm host."""
    usable = [room for room in left.values() if not room.whole and room.has(wanted.memory_mb)]
    if not usable:
        return None

    def order(room: CardRoom) -> tuple[bool, bool, int, int]:
        free = room.free_mb or 0
        return free < wanted.memory_mb, (room.uuid,) not in warm, free, room.index

    room = min(usable, key=order)
    free = room.free_mb or 0
    clears = free < wanted.memory_mb
    idle = 0 if clears else room.idle_mb
    free = free + (room.idle_mb if clears else 0) - wanted.memory_mb
    left[room.uuid] = replace(room, free_mb=free, idle_mb=idle, shared=True)
    return Pick((room.uuid,), clears)


def _held(node: str) -> Mapping[str, Sequence[_Held]]:
    """What running attempts hold on the cards of a machine."""
    holds = CardHold.objects.filter(
        task__status=TaskStatus.RUNNING, task__worker__node_id=node, attempt=F("task__attempt")
    ).values_list("uuid", "task_id", "attempt", "memory_mb", "task__started_at")
    found: dict[str, list[_Held]] = defaultdict(list)
    for uuid, task_id, attempt, memory_mb, started_at in holds:
        assert started_at is not None  # noqa: S101
        found[uuid].append(_Held(uuid, (task_id, attempt), memory_mb, started_at))
    return found


def _floor(node: str) -> _Floor:
    running = Task.objects.filter(status=TaskStatus.RUNNING, worker__node_id=node)
    workers = Worker.objects.filter(node_id=node, kind=WorkerKind.BATCH, status__in=ONLINE)
    return _Floor(
        set(running.values_list("id", "attempt")),
        {
            engine_id
            for engines in workers.values_list("engines", flat=True)
            for engine_id, served in engines.items()
            if served.get("gpus") or served.get("gpu_memory_mb")
        },
        database_now() - timedelta(seconds=FRESH_PERIODS * settings.CONSOLE_GPU_SECONDS),
    )


def _room(gpu: Gpu, sample: GpuSample, held: Sequence[_Held], floor: _Floor) -> CardRoom:
    room = CardRoom(
        gpu.uuid,
        gpu.index,
        gpu.total_mb,
        bool(gpu.mig_parent),
        whole=any(hold.memory_mb is None for hold in held),
        shared=bool(held),
    )
    if gpu.total_mb is None or sample.used_mb is None or sample.at < floor.fresh_since:
        return room
    used = _Used(sample, {hold.place: hold for hold in held}, floor)
    return replace(room, free_mb=max(0, gpu.total_mb - used.taken_mb), idle_mb=used.idle_mb)


class _Used:
    """How much of a card is taken, in MiB, `idle_mb` of it by idle hosts of reserving engines.

    An attempt takes what it was promised, or what it has if that is more. What no process is
    known for may be that of attempts that had begun before the sample: it counts once.
    """

    def __init__(self, sample: GpuSample, promises: Mapping[Place, _Held], floor: _Floor) -> None:
        self.idle_mb = 0
        self._others = 0
        self._realtime = 0
        self._seen: dict[Place, int] = defaultdict(int)
        known = 0
        for holder in sample.holders:
            if holder["used_mb"] is not None and holder["kind"] != "hidden":
                known += holder["used_mb"]
                self._add(holder, promises, floor)
        unknown = max(0, (sample.used_mb or 0) - known)
        unseen = [hold for place, hold in promises.items() if place not in self._seen]
        old = sum(hold.memory_mb or 0 for hold in unseen if hold.started_at <= sample.at)
        new = sum(hold.memory_mb or 0 for hold in unseen if hold.started_at > sample.at)
        promised = sum(max(mb, promises[place].memory_mb or 0) for place, mb in self._seen.items())
        reserve = max(0, settings.CONSOLE_GPU_RESERVE_MB - self._realtime)
        # What idle hosts keep is taken until they go.
        self.taken_mb = self._others + self.idle_mb + promised + max(unknown, old) + new + reserve

    def _add(
        self, holder: Mapping[str, Any], promises: Mapping[Place, _Held], floor: _Floor
    ) -> None:
        mb = int(holder["used_mb"])
        task_id = holder["task_id"]
        place = (UUID(task_id), int(holder["attempt"])) if task_id else None
        ours = holder["engine_id"] in floor.reserving
        if place in promises and place is not None:
            self._seen[place] += mb
        elif ours and (place is None or place not in floor.running):
            self.idle_mb += mb
        else:
            self._others += mb
            self._realtime += mb if holder["kind"] == "worker" else 0
