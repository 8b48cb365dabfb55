"""The board of what waits and runs, by job and stage, in a constant number of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.utils import timezone

from apps.console.elapsed import elapsed_ms, version
from apps.console.job_rows import visible_jobs
from apps.jobs.status import ACTIVE
from apps.tasks import board

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from apps.jobs.models import Job
    from apps.tasks.board import Cell
    from apps.tenants.models import Tenant
    from apps.tenants.owned import TenantQuerySet

SHOWN_JOBS = 200
MOST_JOBS = 10_000
SHOWN_TASKS = 50_000
"""Jobs beyond so many unended tasks together are folded, however few they are."""
_COLUMNS = (
    "id", "tenant__slug", "name", "status", "pending_tasks", "ready_tasks", "running_tasks",
)  # fmt: skip


class CellRow(TypedDict):
    """The unended tasks of a stage."""

    stage: str
    pending: int
    ready: int
    running: int
    oldest_wait_ms: int | None


class BoardJobRow(TypedDict):
    """An active job with its stages."""

    id: UUID
    tenant: str
    name: str
    status: str
    oldest_wait_ms: int | None
    cells: list[CellRow]


class FoldedRow(TypedDict):
    """All other active jobs together; what they hold that is not ready yet is not counted."""

    jobs: int
    oldest_wait_ms: int | None
    cells: list[CellRow]
    capped: bool


class Board(TypedDict):
    """Rows are jobs, those that wait longest first; columns are stages. Read at `seq`."""

    seq: int
    stages: list[str]
    jobs: list[BoardJobRow]
    folded: FoldedRow


def queue_board(tenant: Tenant | None) -> Board:
    """The board as staff see it, or a tenant's own."""
    seq = version()
    jobs = visible_jobs() if tenant is None else visible_jobs().of(tenant)
    active = jobs.filter(status__in=ACTIVE)
    own = tenant.id if tenant else None
    shown = _within_limit(_chosen(active, board.longest_waiting(own)))
    ids = [columns["id"] for columns in shown]
    cells = board.cells_of(ids)
    rest, capped = board.rest(own, ids)
    number = active.order_by().values("id")[: MOST_JOBS + 1].count()
    now = timezone.now()
    rows = [_job_row(columns, cells.get(columns["id"], {}), now) for columns in shown]
    rows.sort(key=lambda row: -(row["oldest_wait_ms"] or -1))
    folded = _cells(rest, now)
    stages = {cell["stage"] for cell in folded} | {c["stage"] for row in rows for c in row["cells"]}
    return {
        "seq": seq,
        "stages": sorted(stages),
        "jobs": rows,
        "folded": {
            "jobs": number - len(shown),
            "oldest_wait_ms": _longest(folded),
            "cells": folded,
            "capped": capped or number > MOST_JOBS,
        },
    }


def _chosen(active: TenantQuerySet[Job], waiting: Iterable[UUID]) -> list[dict[str, Any]]:
    """The active jobs that wait longest; where those are few, others that wait for nothing."""
    order = {job_id: place for place, job_id in enumerate(waiting)}
    first = list(order)[:SHOWN_JOBS]
    found = list(active.filter(id__in=first).values(*_COLUMNS))
    found.sort(key=lambda columns: order[columns["id"]])
    others = active.exclude(id__in=first).order_by("status", "-id").values(*_COLUMNS)
    return found + list(others[: SHOWN_JOBS - len(found)])


def _within_limit(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    left = SHOWN_TASKS
    kept: list[dict[str, Any]] = []
    for columns in found:
        left -= columns["pending_tasks"] + columns["ready_tasks"] + columns["running_tasks"]
        if left >= 0 or not kept:
            kept.append(columns)
    return kept


def _job_row(columns: dict[str, Any], cells: Mapping[str, Cell], now: datetime) -> BoardJobRow:
    rows = _cells(cells, now)
    return {
        "id": columns["id"],
        "tenant": columns["tenant__slug"],
        "name": columns["name"],
        "status": columns["status"],
        "oldest_wait_ms": _longest(rows),
        "cells": rows,
    }


def _cells(cells: Mapping[str, Cell], now: datetime) -> list[CellRow]:
    return [
        {
            "stage": stage,
            "pending": cell.pending,
            "ready": cell.ready,
            "running": cell.running,
            "oldest_wait_ms": elapsed_ms(cell.oldest, now),
        }
        for stage, cell in sorted(cells.items())
    ]


def _longest(cells: Iterable[CellRow]) -> int | None:
    waits = (cell["oldest_wait_ms"] for cell in cells)
    return max((wait for wait in waits if wait is not None), default=None)
