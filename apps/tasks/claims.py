"""Claims: the statements through which workers take tasks."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from apps.tenants import sql

if TYPE_CHECKING:
    from uuid import UUID

RAISED = 500
"""Above every priority a tenant can give: jobs that staff have raised."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A task this worker holds, at the attempt that fences it.

    `losses`: how often its worker or host died with it. `inputs`: of each dependency the id, the
    key, the output, and whether it left files. `cards`: what it holds, by uuid; `clears`: idle
    hosts must leave them first.
    """

    task_id: UUID
    attempt: int
    job_id: UUID
    tenant_id: UUID
    engine_id: str
    key: str
    timeout_seconds: float | None
    config: dict[str, Any]
    losses: int = 0
    inputs: tuple[tuple[UUID, str, Any, bool], ...] = ()
    cards: tuple[str, ...] = ()
    clears: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """A tenant that waits: its share, what it may still start, how many of its tasks are raised."""

    tenant_id: UUID
    weight: int
    running: int
    quota: int | None
    raised: int

    @property
    def room(self) -> int | None:
        return None if self.quota is None else max(0, self.quota - self.running)


# The walk skips from tenant to tenant over the index, so that its cost does not grow with what
# waits. The tenant of a task is read from its own copy: the index needs it, nothing else does.
_WAITING = """
WITH RECURSIVE line(tenant_id) AS (
  SELECT (SELECT tenant_id FROM tasks_task WHERE engine_id = %s AND status = 'ready'
    ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT (SELECT t.tenant_id FROM tasks_task t WHERE t.engine_id = %s AND t.status = 'ready'
    AND t.tenant_id > line.tenant_id ORDER BY t.tenant_id LIMIT 1)
  FROM line WHERE line.tenant_id IS NOT NULL
), waiting(id, weight, running, quota, raised) AS (
  SELECT n.id, n.weight,
    (SELECT count(*) FROM tasks_task r WHERE r.tenant_id = n.id AND r.status = 'running'),
    n.max_running_tasks,
    (SELECT count(*) FROM (SELECT 1 FROM tasks_task h WHERE h.engine_id = %s
      AND h.status = 'ready' AND h.tenant_id = n.id AND h.priority >= %s LIMIT %s) x)
  FROM line JOIN tenants_tenant n ON n.id = line.tenant_id
  WHERE n.active AND n.paused_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM tasks_enginepause p WHERE p.engine_id = %s)
)
"""

_LINES = f"{_WAITING} SELECT id, weight, running, quota, raised FROM waiting"  # noqa: S608

_NEXT = """
  SELECT id FROM tasks_task
  WHERE engine_id = %s AND status = 'ready' AND tenant_id = {tenant}
  ORDER BY priority DESC, id LIMIT {limit}
"""

_TAKE = """
UPDATE tasks_task SET status = 'running', attempt = attempt + 1, worker_id = %s::uuid,
  started_at = clock_timestamp()
WHERE id {among}
RETURNING id, attempt, job_id, tenant_id, engine_id, key, timeout_seconds, config, losses, (
  SELECT {rows}({row}(d.id, d.key, {output}, d.map_spec IS NOT NULL OR EXISTS (
    SELECT 1 FROM tasks_taskfile f WHERE f.task_id = d.id AND f.attempt = d.attempt)))
  FROM tasks_taskdependency e JOIN tasks_task d ON d.id = e.depends_on_id
  WHERE e.task_id = tasks_task.id
), priority
"""

_OF_TENANT = {"tenant": "%s::uuid", "limit": "%s"}

# The one tenant that waits gets all, the first of several gets one: what comes after is for
# `_turns`. A tenant with a quota needs its lock.
_OF_FIRST = {
    "tenant": """(SELECT w.id FROM waiting w WHERE w.quota IS NULL
    AND NOT EXISTS (SELECT 1 FROM waiting q WHERE q.quota IS NOT NULL)
    ORDER BY w.raised = 0, 1.0 * w.running / w.weight, w.id LIMIT 1)""",
    "limit": "(SELECT CASE WHEN count(*) = 1 THEN %s ELSE 1 END FROM waiting)",
}


def _postgresql(which: dict[str, str]) -> str:
    # A subquery in IN may be run again for each row under some plans, and then takes too many.
    among = f"= ANY(ARRAY({_NEXT.format(**which)} FOR UPDATE SKIP LOCKED))"
    functions = {"rows": "json_agg", "row": "json_build_array", "output": "d.output"}
    return _TAKE.format(among=among, **functions).replace("), priority", ")::text, priority")


def _sqlite(which: dict[str, str]) -> str:
    functions = {"rows": "json_group_array", "row": "json_array", "output": "json(d.output)"}
    return _TAKE.format(among=f"IN ({_NEXT.format(**which)})", **functions)


_TEXTS = {
    ("postgresql", "tenant"): _postgresql(_OF_TENANT),
    ("postgresql", "first"): _WAITING + _postgresql(_OF_FIRST),
    ("sqlite", "tenant"): _sqlite(_OF_TENANT),
    ("sqlite", "first"): _WAITING + _sqlite(_OF_FIRST),
}

_READY = """
SELECT count(*) FROM (SELECT 1 FROM tasks_task WHERE engine_id = %s AND status = 'ready' LIMIT %s) x
"""

_HOLD_TENANT = "SELECT id FROM tenants_tenant WHERE id = %s FOR NO KEY UPDATE"

_RUNNING = "SELECT count(*) FROM tasks_task WHERE tenant_id = %s AND status = 'running'"


def claim(worker_id: UUID, engine_id: str, limit: int) -> list[Claim]:
    """Take up to `limit` ready tasks of an engine. Writes task rows only.

    What staff have raised goes first. Otherwise the tenant goes first that runs the least for its
    weight; within a tenant the highest priority, then the oldest. Nothing is taken of a paused
    engine, of an inactive or paused tenant, or beyond a tenant's quota of running tasks.
    """
    claimed = claims_of(sql.together(first_statement(worker_id, engine_id, limit)))
    return claimed + more(worker_id, engine_id, limit - len(claimed))


def first_statement(worker_id: UUID, engine_id: str, limit: int) -> sql.Statement:
    """Takes what the first in line may have: all that is wanted where one tenant waits alone.

    May run at the end of a transaction that holds jobs: it waits for no lock.
    """
    walk = (engine_id, engine_id, engine_id, RAISED, limit, engine_id)
    return _TEXTS[connection.vendor, "first"], [*walk, worker_id, engine_id, limit]


def more(worker_id: UUID, engine_id: str, limit: int) -> list[Claim]:
    """Take up to `limit` beyond what `first_statement` took, in turns of all who wait."""
    claimed: list[Claim] = []
    empty: set[UUID] = set()
    while len(claimed) < limit:
        lines = [line for line in _lines(engine_id, limit) if line.tenant_id not in empty]
        turns = _turns(lines, limit - len(claimed))
        if not turns:
            break
        quotas = {line.tenant_id: line.quota for line in lines}
        for tenant_id, number in turns.items():
            taken = _take(worker_id, engine_id, tenant_id, number, quotas[tenant_id])
            claimed += taken
            if len(taken) < number:
                empty.add(tenant_id)
    return claimed


def ready_count(engine_id: str, limit: int) -> int:
    """How many tasks of an engine are ready, counted up to `limit`."""
    ((number,),) = sql.run(_READY, engine_id, limit)
    return int(number)


def _lines(engine_id: str, limit: int) -> list[_Line]:
    params = (engine_id, engine_id, engine_id, RAISED, limit, engine_id)
    return [
        _Line(sql.uuid_of(tenant_id), *numbers) for tenant_id, *numbers in sql.run(_LINES, *params)
    ]


def _turns(lines: list[_Line], limit: int) -> dict[UUID, int]:
    """How many tasks each tenant may start now: one at a time, to whoever has the least.

    Raised tasks stand before all others.
    """
    turns: dict[UUID, int] = {}
    line = [(one.raised == 0, one.running / one.weight, str(one.tenant_id), one) for one in lines]
    heapq.heapify(line)
    while line and sum(turns.values()) < limit:
        *_, name, one = heapq.heappop(line)
        number = turns.get(one.tenant_id, 0) + 1
        if one.room is None or number <= one.room:
            turns[one.tenant_id] = number
            load = (one.running + number) / one.weight
            heapq.heappush(line, (number >= one.raised, load, name, one))
    return turns


def _take(
    worker_id: UUID, engine_id: str, tenant_id: UUID, number: int, quota: int | None
) -> list[Claim]:
    if quota is None:
        return _take_now(worker_id, engine_id, tenant_id, number)
    with transaction.atomic():
        # Under the tenant's lock, so that two workers cannot both take its last place.
        sql.run(_HOLD_TENANT, tenant_id)
        ((running,),) = sql.run(_RUNNING, tenant_id)
        return _take_now(worker_id, engine_id, tenant_id, min(number, max(0, quota - running)))


def _take_now(worker_id: UUID, engine_id: str, tenant_id: UUID, number: int) -> list[Claim]:
    text = _TEXTS[connection.vendor, "tenant"]
    return claims_of(sql.run(text, worker_id, engine_id, tenant_id, number))


def claims_of(found: list[sql.Row]) -> list[Claim]:
    """What a statement took, in the order of the line: RETURNING has none."""
    found.sort(key=lambda row: (-row[-1], sql.uuid_of(row[0])))
    return [_claim_of(row) for row in found]


def _claim_of(row: sql.Row) -> Claim:
    task_id, attempt, job_id, tenant_id, engine_id, key, timeout_seconds, config, *rest = row
    losses, inputs, _priority = rest
    return Claim(
        sql.uuid_of(task_id),
        attempt,
        sql.uuid_of(job_id),
        sql.uuid_of(tenant_id),
        engine_id,
        key,
        timeout_seconds,
        sql.json_of(config),
        losses,
        tuple(
            (sql.uuid_of(needed), name, output, bool(files))
            for needed, name, output, files in sql.json_of(inputs) or ()
        ),
    )
