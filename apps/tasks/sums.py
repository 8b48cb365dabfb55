"""What ended in a span of time: from hours and days, and from deltas not folded yet."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import connection

from apps.tasks.rollups import FOLD, Delta, Sums, deltas, labels_of
from apps.tenants import sql
from apps.workers.models import Tick

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

HOUR = timedelta(hours=1)
MOST_GROUPS = 1_000
MOST_UNFOLDED = 50_000
"""More than so many are waiting only while nothing folds."""
TRIES = 5


class By(StrEnum):
    """What sums are grouped by."""

    TENANT = "tenant"
    ENGINE = "engine"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Span:
    """Whole hours from `since` until before `until`, in UTC."""

    since: datetime
    until: datetime

    @classmethod
    def around(cls, since: datetime, until: datetime) -> Span:
        """The hours that these two moments touch."""
        first = since.replace(minute=0, second=0, microsecond=0)
        last = until.replace(minute=0, second=0, microsecond=0)
        return cls(first, last if last == until else last + HOUR)

    def bounds(self) -> tuple[datetime, datetime, datetime, datetime]:
        """Hours from the first to the second, whole days to the third, hours to the fourth."""
        day = self.until.replace(hour=0)
        first = self.since.replace(hour=0)
        if first != self.since:
            first += timedelta(days=1)
        if first >= day:
            return self.since, self.until, self.until, self.until
        return self.since, first, day, self.until


@dataclass(slots=True)
class Group:
    """The sums of one group, of its jobs and of its tasks."""

    jobs: Sums = field(default_factory=Sums)
    tasks: Sums = field(default_factory=Sums)


Name = tuple["UUID | None", str, str]
"""Tenant, engine and label of a group, as far as it is one's."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`complete` is False where more is not folded yet than was read, or there are more groups."""

    groups: dict[Name, Group]
    complete: bool


def usage(span: Span, tenant_id: UUID | None, by: By, unfolded: int = MOST_UNFOLDED) -> Usage:
    """What ended in the span, of one tenant or of all.

    Deltas and sums are read one after the other, and again when a fold came between.
    """
    for _ in range(TRIES):
        before = _folds()
        groups = _stored(span, tenant_id, by)
        complete = len(groups) < MOST_GROUPS
        mine = {"tenant_id": tenant_id} if tenant_id else {}
        fresh = deltas(unfolded, at__gte=span.since, at__lt=span.until, **mine)
        if _folds() == before:
            break
    _add(groups, fresh, by)
    return Usage(groups, complete and len(fresh) < unfolded)


def _folds() -> int:
    """Rises with every chunk that is folded."""
    return Tick.objects.filter(name=FOLD).values_list("slot", flat=True).first() or 0


def _add(groups: dict[Name, Group], fresh: list[Delta], by: By) -> None:
    labels = labels_of(delta.job_id for delta in fresh) if by is By.LABEL else {}
    for delta in fresh:
        for name in _names(delta, by, labels.get(delta.job_id, [])):
            group = groups.setdefault(name, Group())
            sums = group.tasks if delta.engine_id else group.jobs
            sums.add(delta)


def _names(delta: Delta, by: By, labels: list[str]) -> Iterator[Name]:
    match by:
        case By.TENANT:
            yield delta.tenant_id, "", ""
        case By.ENGINE:
            if delta.engine_id:
                yield None, delta.engine_id, ""
        case By.LABEL:
            for label in labels:
                yield delta.tenant_id, "", label


# The hours and days ------------------------------------------------------------------------------

_COLUMNS = (
    "tenant_id, engine_id, label, completed, failed, cancelled, retried, wait_ms, duration_ms, "
    "gpu_ms, durations, waits"
)
_SPAN = f"""
u AS (
  SELECT {_COLUMNS} FROM tasks_usagehour WHERE starts_at >= %s AND starts_at < %s AND MINE
  UNION ALL
  SELECT {_COLUMNS} FROM tasks_usageday WHERE starts_at >= %s AND starts_at < %s AND MINE
  UNION ALL
  SELECT {_COLUMNS} FROM tasks_usagehour WHERE starts_at >= %s AND starts_at < %s AND MINE
)
"""  # noqa: S608
_TOTALS = f"""
WITH {_SPAN}
SELECT NAME, engine_id = '', sum(completed), sum(failed), sum(cancelled), sum(retried),
  sum(wait_ms), sum(duration_ms), sum(gpu_ms)
FROM u GROUP BY 1, 2, 3, 4 ORDER BY sum(completed + failed + cancelled) DESC LIMIT %s
"""  # noqa: S608
_HISTOGRAM = f"""
WITH ROWS r(tenant_id uuid, engine_id text, label text), {_SPAN},
named AS (SELECT NAME, u.durations, u.waits FROM u WHERE engine_id <> '')
SELECT n.tenant_id, n.engine_id, n.label, 0, h.key, sum(h.value::bigint)
FROM named n JOIN r ON SAME, EACH(n.durations) h GROUP BY 1, 2, 3, 5
UNION ALL
SELECT n.tenant_id, n.engine_id, n.label, 1, h.key, sum(h.value::bigint)
FROM named n JOIN r ON SAME, EACH(n.waits) h GROUP BY 1, 2, 3, 5
"""  # noqa: S608
_NAMES = {
    By.TENANT: "u.tenant_id AS tenant_id, '' AS engine_id, '' AS label",
    By.ENGINE: "NULL::uuid AS tenant_id, u.engine_id AS engine_id, '' AS label",
    By.LABEL: "u.tenant_id AS tenant_id, '' AS engine_id, u.label AS label",
}
_SAME = {
    By.TENANT: "r.tenant_id = n.tenant_id",
    By.ENGINE: "r.engine_id = n.engine_id",
    By.LABEL: "r.tenant_id = n.tenant_id AND r.label = n.label",
}
_MINE = {
    By.TENANT: "label = ''",
    By.ENGINE: "label = '' AND engine_id <> ''",
    By.LABEL: "label <> ''",
}


def _stored(span: Span, tenant_id: UUID | None, by: By) -> dict[Name, Group]:
    """The largest groups there are, up to the limit."""
    mine = _MINE[by] + (" AND tenant_id = %s::uuid" if tenant_id else "")
    first, second, third, fourth = span.bounds()
    params: list[object] = []
    for bounds in ((first, second), (second, third), (third, fourth)):
        params += [*bounds, *([tenant_id] if tenant_id else [])]
    groups: dict[Name, Group] = defaultdict(Group)
    for name, of_jobs, *totals in _rows(_TOTALS, by, mine, [*params, 2 * MOST_GROUPS]):
        sums = groups[name].jobs if of_jobs else groups[name].tasks
        sums.completed, sums.failed, sums.cancelled, sums.retried = map(int, totals[:4])
        sums.wait_ms, sums.duration_ms, sums.gpu_ms = map(int, totals[4:])
    kept = dict(list(groups.items())[:MOST_GROUPS])
    wanted = sql.rows([_named(name) for name in kept])
    for name, of_waits, number, count in _rows(_HISTOGRAM, by, mine, [wanted, *params]):
        sums = kept[name].tasks
        histogram = sums.waits if of_waits else sums.durations
        histogram[int(number)] = int(count)
    return kept


def _rows(text: str, by: By, mine: str, params: list[object]) -> Iterator[tuple[Any, ...]]:
    each = "jsonb_each_text" if connection.vendor == "postgresql" else "json_each"
    for word, said in (("MINE", mine), ("NAME", _NAMES[by]), ("SAME", _SAME[by]), ("EACH", each)):
        text = re.sub(rf"\b{word}\b", said, text)
    for tenant_id, engine_id, label, *values in sql.run(text, *params):
        owner = None if tenant_id is None else sql.uuid_of(tenant_id)
        yield (owner, engine_id, label), *values


def _named(name: Name) -> dict[str, str | None]:
    tenant_id, engine_id, label = name
    return {"tenant_id": sql.uuid_in(tenant_id), "engine_id": engine_id, "label": label}
