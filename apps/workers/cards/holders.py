"""Whose the processes on a card are: joined to engine hosts and realtime workers by ancestry."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import UUID

from apps.workers.card_models import WorkerHosts
from apps.workers.models import Worker
from apps.workers.status import ONLINE, WorkerKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from apps.workers.cards.reading import Using

    Lineage = Callable[[int], Collection[int]]

Place = tuple[UUID, int]
"""A task and the attempt that fences it."""
Kind = Literal["attempt", "engine", "worker", "foreign", "hidden"]


@dataclass(frozen=True, slots=True)
class Holder:
    """A process on a card. An attempt's, that of a host kept warm for its engine, a realtime
    worker's, somebody else's, or one that this machine does not show us.
    """

    kind: Kind
    pid: int
    used_mb: int | None
    worker_id: UUID | None = None
    engine_id: str = ""
    place: Place | None = None

    def without_attempt(self) -> Self:
        """Its attempt is over: the host holds it for the engine."""
        return self if self.place is None else replace(self, kind="engine", place=None)

    def columns(self) -> dict[str, Any]:
        """As a sample keeps it."""
        task_id, attempt = self.place or (None, None)
        return {
            "kind": self.kind,
            "pid": self.pid,
            "used_mb": self.used_mb,
            "worker_id": str(self.worker_id) if self.worker_id else None,
            "engine_id": self.engine_id or None,
            "task_id": str(task_id) if task_id else None,
            "attempt": attempt,
        }


@dataclass(slots=True)
class Use:
    """What an attempt holds for these seconds: MiB, where the driver tells, on so many cards."""

    seconds: float
    used_mb: int | None = None
    cards: set[str] = field(default_factory=set)

    def add(self, uuid: str, used_mb: int | None) -> None:
        """Another of its processes."""
        self.cards.add(uuid)
        if used_mb is not None:
            self.used_mb = (self.used_mb or 0) + used_mb

    @property
    def gpu_seconds(self) -> float:
        """On two cards a second is two."""
        return self.seconds * len(self.cards)


@dataclass(frozen=True, slots=True)
class Host:
    """An engine host, or a realtime worker (then without an engine)."""

    pids: frozenset[int]
    worker_id: UUID
    engine_id: str = ""
    place: Place | None = None

    def holding(self, using: Using) -> Holder:
        """One of its processes."""
        kind: Kind = "attempt" if self.place else "engine" if self.engine_id else "worker"
        return Holder(kind, using.pid, using.used_mb, self.worker_id, self.engine_id, self.place)


def hosts_on(node: str) -> list[Host]:
    """All that we run on this machine, in two queries."""
    found = [_host(row.worker_id, said) for row in _published(node) for said in row.hosts]
    realtime = Worker.objects.filter(node_id=node, kind=WorkerKind.REALTIME, status__in=ONLINE)
    for worker_id, pid in realtime.exclude(pid=None).values_list("id", "pid"):
        found.append(Host(frozenset({pid or 0}), worker_id))
    return found


def holders(processes: Iterable[Using], hosts: Collection[Host], lineage: Lineage) -> list[Holder]:
    """Whose each of these processes is."""
    return [_holder(using, hosts, lineage(using.pid)) for using in processes]


def _holder(using: Using, hosts: Collection[Host], line: Collection[int]) -> Holder:
    if not line:
        return Holder("hidden", using.pid, using.used_mb)
    for host in hosts:
        if not host.pids.isdisjoint(line):
            return host.holding(using)
    return Holder("foreign", using.pid, using.used_mb)


def _published(node: str) -> Iterable[WorkerHosts]:
    return WorkerHosts.objects.filter(worker__node_id=node, worker__status__in=ONLINE)


def _host(worker_id: UUID, said: dict[str, Any]) -> Host:
    place = (UUID(said["task_id"]), int(said["attempt"])) if said["task_id"] else None
    pids = frozenset({int(said["pid"]), int(said["group"])})
    return Host(pids, worker_id, str(said["engine_id"]), place)
