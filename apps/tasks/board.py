"""What waits and what runs, by job and stage: the statements of the board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Count, Min
from django.utils.dateparse import parse_datetime

from apps.tasks.lines import OWN, by_line
from apps.tasks.models import Task
from apps.tasks.status import ACTIVE, TaskStatus
from apps.tenants import sql

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

WINDOW = 200
"""So many of the oldest tasks of each line are looked at for the jobs they are of."""
MOST_COUNTED = 1_000
"""So many tasks of either status are counted outside of those jobs."""


@dataclass(slots=True)
class Cell:
    """The unended tasks of one stage, of a job or of many."""

    pending: int = 0
    ready: int = 0
    running: int = 0
    oldest: datetime | None = None

    def add(self, status: str, number: int, oldest: datetime | None) -> None:
        """Count so many tasks more; `oldest` is when the first of them became ready."""
        setattr(self, status, getattr(self, status) + number)
        if status == TaskStatus.READY and oldest is not None:
            self.oldest = min(self.oldest or oldest, oldest)


_WAITING = """
SELECT (SELECT json_agg(json_build_array(x.job_id, x.ready_at)) FROM (
    SELECT t.job_id, t.ready_at FROM tasks_task t WHERE t.engine_id = line.engine_id
      AND t.tenant_id = line.tenant_id AND t.status = 'ready' AND t.ready_at IS NOT NULL
    ORDER BY t.ready_at LIMIT %s) x)
FROM line WHERE line.tenant_id IS NOT NULL
"""
_REST = """
WITH ROWS r(id uuid)
SELECT stage, count(*), min(ready_at) FROM (
  SELECT t.stage, t.ready_at FROM tasks_task t
  WHERE t.status = 'STATUS' AND t.ready_at IS NOT NULL AND MINE
    AND t.job_id NOT IN (SELECT id FROM r) LIMIT %s
) x GROUP BY stage
"""


def longest_waiting(tenant_id: UUID | None) -> dict[UUID, datetime]:
    """The jobs of the tasks that wait longest, and since when each has waited; oldest first.

    The tenant is read from the tasks' own copy, as a claim does: whose a job is, is for the
    caller to decide by the job.
    """
    text = _WAITING
    if connection.vendor == "sqlite":
        text = text.replace("json_agg", "json_group_array")
        text = text.replace("json_build_array", "json_array")
    found: dict[UUID, datetime] = {}
    for (pairs,) in by_line(text, tenant_id, WINDOW):
        for job_id, at in sql.json_of(pairs) or ():
            key, since = sql.uuid_of(job_id), _moment(at)
            found[key] = min(found.get(key, since), since)
    return dict(sorted(found.items(), key=lambda pair: (pair[1], pair[0])))


def cells_of(job_ids: Collection[UUID]) -> dict[UUID, dict[str, Cell]]:
    """The unended tasks of these jobs, by job and stage."""
    tasks = Task.objects.filter(job_id__in=job_ids, status__in=ACTIVE).order_by()
    counted = tasks.values_list("job_id", "stage", "status").annotate(Count("id"), Min("ready_at"))
    found: dict[UUID, dict[str, Cell]] = {}
    for job_id, stage, status, number, oldest in counted:
        cells = found.setdefault(job_id, {})
        cells.setdefault(stage, Cell()).add(status, number, oldest)
    return found


def rest(tenant_id: UUID | None, shown: Collection[UUID]) -> tuple[dict[str, Cell], bool]:
    """What is ready and what runs of all other jobs, by stage, and whether that is all.

    Those of either status are counted up to the limit.
    """
    cells: dict[str, Cell] = {}
    text, own = _REST.replace("MINE", "true"), []
    if tenant_id is not None:
        text, own = _REST.replace("MINE", f"t.tenant_id = %s AND {OWN}"), [tenant_id]
    ids = sql.rows([{"id": sql.uuid_in(job_id)} for job_id in shown])
    capped = False
    for status in (TaskStatus.READY, TaskStatus.RUNNING):
        found = sql.run(text.replace("STATUS", status), ids, *own, MOST_COUNTED)
        for stage, number, oldest in found:
            cells.setdefault(stage, Cell()).add(status, number, sql.time_of(oldest))
        capped = capped or sum(number for _, number, _ in found) >= MOST_COUNTED
    return cells, capped


def _moment(text: str) -> datetime:
    at = sql.time_of(parse_datetime(text))
    assert at is not None  # noqa: S101 - the index holds no task without it
    return at
