"""Which engine hosts this worker runs, told to whoever reads the cards of its machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from apps.tasks.engines.presence import Every
from apps.workers.card_models import Gpu, WorkerHosts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from apps.tasks.engines.process import EngineHost
    from apps.tasks.engines.running import Run

CARDS_SECONDS = 10.0


class HostRow(TypedDict):
    """A host by its pid and process group, and the attempt that it runs now."""

    pid: int
    group: int
    engine_id: str
    task_id: str | None
    attempt: int | None


def host_rows(hosts: Iterable[tuple[EngineHost, Run | None]]) -> list[HostRow]:
    """As they are stored."""
    return [
        {
            "pid": host.pid,
            "group": host.group,
            "engine_id": host.engine.engine_id,
            "task_id": str(run.claim.task_id) if run else None,
            "attempt": run.claim.attempt if run else None,
        }
        for host, run in hosts
    ]


class PublishedHosts:
    """Writes what has changed, and nothing on a machine without cards."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._has_cards = False
        self._look = Every(CARDS_SECONDS)
        self._known: tuple[UUID, list[HostRow]] | None = None

    def keep(
        self, worker_id: UUID, hosts: Callable[[], Iterable[tuple[EngineHost, Run | None]]]
    ) -> None:
        """Called about once a second."""
        if self._look.due():
            self._has_cards = Gpu.objects.filter(node_id=self._node, retired_at=None).exists()
        if not self._has_cards:
            return
        rows = host_rows(hosts())
        if self._known != (worker_id, rows):
            WorkerHosts.objects.update_or_create(worker_id=worker_id, defaults={"hosts": rows})
            self._known = worker_id, rows
