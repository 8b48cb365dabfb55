"""Who waits for what: a line for each engine and tenant, found by skipping over the index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.tenants import sql

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Line:
    """The ready tasks of a tenant for an engine: how many, and since when the first waits."""

    engine_id: str
    tenant_id: UUID
    ready: int
    oldest: datetime | None


_ENGINES = """
WITH RECURSIVE engine(name) AS (
  SELECT (SELECT engine_id FROM tasks_task WHERE status = 'ready' AND ready_at IS NOT NULL
    ORDER BY engine_id LIMIT 1)
  UNION ALL
  SELECT (SELECT t.engine_id FROM tasks_task t WHERE t.status = 'ready'
    AND t.ready_at IS NOT NULL AND t.engine_id > engine.name ORDER BY t.engine_id LIMIT 1)
  FROM engine WHERE engine.name IS NOT NULL
)"""
_OF_ALL = f"""{_ENGINES}, line(engine_id, tenant_id) AS (
  SELECT name, (SELECT t.tenant_id FROM tasks_task t WHERE t.engine_id = engine.name
    AND t.status = 'ready' AND t.ready_at IS NOT NULL ORDER BY t.tenant_id LIMIT 1)
  FROM engine WHERE engine.name IS NOT NULL
  UNION ALL
  SELECT line.engine_id, (SELECT t.tenant_id FROM tasks_task t
    WHERE t.engine_id = line.engine_id AND t.tenant_id > line.tenant_id
    AND t.status = 'ready' AND t.ready_at IS NOT NULL ORDER BY t.tenant_id LIMIT 1)
  FROM line WHERE line.tenant_id IS NOT NULL
)"""  # noqa: S608
_OF_ONE = f"""{_ENGINES}, line(engine_id, tenant_id) AS (
  SELECT name, %s::uuid FROM engine WHERE engine.name IS NOT NULL
)"""  # noqa: S608
# Whose a task is, is decided by its job; its own copy of the tenant only leads to the place.
OWN = "EXISTS (SELECT 1 FROM jobs_job j WHERE j.id = t.job_id AND j.tenant_id = t.tenant_id)"
_COUNT = """
SELECT line.engine_id, line.tenant_id,
  (SELECT count(*) FROM tasks_task t WHERE t.engine_id = line.engine_id
    AND t.tenant_id = line.tenant_id AND t.status = 'ready' AND t.ready_at IS NOT NULL AND OWN),
  (SELECT t.ready_at FROM tasks_task t WHERE t.engine_id = line.engine_id
    AND t.tenant_id = line.tenant_id AND t.status = 'ready' AND t.ready_at IS NOT NULL AND OWN
    ORDER BY t.ready_at LIMIT 1)
FROM line WHERE line.tenant_id IS NOT NULL
"""
_RUNNING = """
SELECT t.engine_id, count(*) FROM tasks_task t WHERE t.status = 'running' GROUP BY t.engine_id
"""
_RUNNING_OF_ONE = f"""
SELECT t.engine_id, count(*) FROM tasks_task t
WHERE t.status = 'running' AND t.tenant_id = %s AND {OWN} GROUP BY t.engine_id
"""  # noqa: S608


def by_line(text: str, tenant_id: UUID | None, *params: object) -> list[sql.Row]:
    """Run a statement over `line(engine_id, tenant_id)`: all lines, or those of one tenant.

    `OWN` in it stands for a look at whether the job of `t` is the tenant's.
    """
    if tenant_id is None:
        return sql.run(_OF_ALL + text.replace("OWN", "true"), *params)
    return sql.run(_OF_ONE + text.replace("OWN", OWN), tenant_id, *params)


def waiting(tenant_id: UUID | None) -> list[Line]:
    """All lines there are, or one tenant's own."""
    found = by_line(_COUNT, tenant_id)
    return [
        Line(engine_id, sql.uuid_of(owner), ready, sql.time_of(oldest))
        for engine_id, owner, ready, oldest in found
        if ready
    ]


def running(tenant_id: UUID | None) -> dict[str, int]:
    """How many tasks run, by engine."""
    if tenant_id is None:
        return dict(sql.run(_RUNNING))
    return dict(sql.run(_RUNNING_OF_ONE, tenant_id))
