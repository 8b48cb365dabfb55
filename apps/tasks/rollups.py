"""Folding: deltas become sums by hour and by day, each delta exactly once."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F

from apps.jobs.models import JobLabel
from apps.tasks.histogram import bucket
from apps.tasks.models import UsageDay, UsageDelta, UsageHour
from apps.tenants import sql
from apps.tenants.clock import database_now
from apps.workers.models import Tick

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from apps.tasks.history import UsageSum

CHUNK = 2_000
FOLD = "fold"
"""The tick that is locked by who folds, and counts the chunks: see `sums.py`."""
MOST_LABELS_A_JOB = 20
MOST_LABELS_A_DAY = 1_000
OTHER = "other"
"""Where a tenant's labels of one day beyond the limit are counted. A label has a colon."""

_COUNTS = ("completed", "failed", "cancelled", "retried")
_TOTALS = ("wait_ms", "duration_ms", "gpu_ms")


@dataclass(slots=True)
class Sums:
    """What ended, added up. A status that is no count of its own adds to the waits only."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    wait_ms: int = 0
    duration_ms: int = 0
    gpu_ms: int = 0
    durations: Counter[int] = field(default_factory=Counter)
    waits: Counter[int] = field(default_factory=Counter)

    @property
    def ended(self) -> int:
        """How many ended, one way or another."""
        return self.completed + self.failed + self.cancelled

    def add(self, delta: Delta) -> None:
        """Add one end, or some GPU time."""
        status, wait_ms, duration_ms = delta.status, delta.wait_ms, delta.duration_ms
        self.gpu_ms += delta.gpu_ms
        if status in _COUNTS:
            setattr(self, status, getattr(self, status) + 1)
        if wait_ms is not None:
            self.wait_ms += wait_ms
            self.waits[bucket(wait_ms)] += 1
        if duration_ms is not None:
            self.duration_ms += duration_ms
            if status == "completed":
                self.durations[bucket(duration_ms)] += 1

    def merge(self, other: Mapping[str, Any]) -> None:
        """Add the sums of a stored row."""
        for name in (*_COUNTS, *_TOTALS):
            setattr(self, name, getattr(self, name) + other[name])
        for name in ("durations", "waits"):
            getattr(self, name).update({int(number): n for number, n in other[name].items()})

    def columns(self) -> dict[str, Any]:
        """As a row holds them."""
        plain = {name: getattr(self, name) for name in (*_COUNTS, *_TOTALS)}
        return plain | {"durations": dict(self.durations), "waits": dict(self.waits)}


@dataclass(frozen=True, slots=True)
class Delta:
    """A delta as it is read."""

    id: int
    at: datetime
    tenant_id: UUID
    job_id: UUID
    engine_id: str
    status: str
    wait_ms: int | None
    duration_ms: int | None
    gpu_ms: int


Key = tuple["UUID", "datetime", str, str]
"""Tenant, start, label, engine: what a sum is of."""


def fold() -> int:
    """Fold all the deltas there are, a chunk in each transaction; returns how many."""
    Tick.objects.get_or_create(name=FOLD, defaults={"at": database_now()})
    folded = 0
    while number := _fold_chunk():
        folded += number
    return folded


def deltas(limit: int, **found: object) -> list[Delta]:
    """Of the deltas that no fold has taken yet those of this filter, oldest first."""
    rows = UsageDelta.objects.filter(**found).order_by("id")
    return [Delta(*row) for row in rows.values_list(*Delta.__slots__)[:limit]]


def labels_of(job_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """`name:value` of the first labels of each job, by name."""
    found: dict[UUID, list[str]] = {}
    rows = JobLabel.objects.filter(job_id__in=set(job_ids)).order_by("job_id", "name")
    for job_id, name, value in rows.values_list("job_id", "name", "value"):
        labels = found.setdefault(job_id, [])
        if len(labels) < MOST_LABELS_A_JOB:
            labels.append(f"{name}:{value}")
    return found


def _fold_chunk() -> int:
    with transaction.atomic():
        # One fold at a time: sums are read, added to and written back.
        Tick.objects.select_for_update(no_key=True).get(name=FOLD)
        taken = deltas(CHUNK)
        if not taken:
            return 0
        UsageDelta.objects.filter(id__in=[delta.id for delta in taken]).delete()
        labels = _Labels(taken)
        hours: dict[Key, Sums] = defaultdict(Sums)
        days: dict[Key, Sums] = defaultdict(Sums)
        for delta in taken:
            hour = delta.at.replace(minute=0, second=0, microsecond=0)
            for label in labels.of(delta):
                for sums, start in ((hours, hour), (days, hour.replace(hour=0))):
                    sums[delta.tenant_id, start, label, delta.engine_id].add(delta)
        _store(UsageHour, hours)
        _store(UsageDay, days)
        Tick.objects.filter(name=FOLD).update(slot=F("slot") + 1)
    return len(taken)


class _Labels:
    """Under which labels each delta is counted: a tenant's new ones only while there is room."""

    def __init__(self, taken: Sequence[Delta]) -> None:
        self._of_jobs = labels_of(delta.job_id for delta in taken)
        self._known: dict[tuple[UUID, datetime], set[str]] = {}

    def of(self, delta: Delta) -> Iterator[str]:
        yield ""
        labels = self._of_jobs.get(delta.job_id)
        if labels:
            known = self._of_day(delta)
            yield from {label if self._fits(label, known) else OTHER for label in labels}

    def _of_day(self, delta: Delta) -> set[str]:
        day = delta.at.replace(hour=0, minute=0, second=0, microsecond=0)
        key = delta.tenant_id, day
        if key not in self._known:
            rows = UsageDay.objects.filter(tenant_id=delta.tenant_id, starts_at=day)
            labels = rows.exclude(label="").values_list("label", flat=True)
            self._known[key] = set(labels.distinct().order_by())
        return self._known[key]

    @staticmethod
    def _fits(label: str, known: set[str]) -> bool:
        if label not in known and len(known) >= MOST_LABELS_A_DAY:
            return False
        known.add(label)
        return True


_STORED = """
WITH ROWS r(tenant_id uuid, starts_at timestamptz, label text, engine_id text)
SELECT u.tenant_id, u.starts_at, u.label, u.engine_id, u.completed, u.failed, u.cancelled,
  u.retried, u.wait_ms, u.duration_ms, u.gpu_ms, u.durations, u.waits
FROM r JOIN {table} u ON u.tenant_id = r.tenant_id AND u.starts_at = r.starts_at
  AND u.label = r.label AND u.engine_id = r.engine_id
"""
_UNIQUE = ("tenant", "starts_at", "label", "engine_id")
_ADDED = (*_COUNTS, *_TOTALS, "durations", "waits")


def _store(model: type[UsageSum], sums: dict[Key, Sums]) -> None:
    wanted = sql.rows(
        [
            {
                "tenant_id": sql.uuid_in(tenant_id),
                "starts_at": sql.time_in(start),
                "label": label,
                "engine_id": engine_id,
            }
            for tenant_id, start, label, engine_id in sums
        ]
    )
    for tenant_id, start, label, engine_id, *values in sql.run(
        _STORED.format(table=model._meta.db_table), wanted
    ):
        at = sql.time_of(start)
        assert at is not None  # noqa: S101 - the column is not null
        stored = dict(zip(_ADDED, values, strict=True))
        stored |= {name: sql.json_of(stored[name]) for name in ("durations", "waits")}
        sums[sql.uuid_of(tenant_id), at, label, engine_id].merge(stored)
    model._default_manager.bulk_create(
        [
            model(
                tenant_id=tenant_id,
                starts_at=start,
                label=label,
                engine_id=engine_id,
                **one.columns(),
            )
            for (tenant_id, start, label, engine_id), one in sums.items()
        ],
        batch_size=500,
        update_conflicts=True,
        unique_fields=_UNIQUE,
        update_fields=_ADDED,
    )
