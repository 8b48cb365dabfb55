"""Retention: what is older than the settings say goes, tenant by tenant, and the trail tells."""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from apps.jobs.files import delete_bytes
from apps.jobs.models import BulkAction, BulkItem, Job, JobEvent, StoredFile
from apps.jobs.status import ACTIVE, TERMINAL
from apps.jobs.transitions import bury, lock
from apps.tasks.models import Pruned, Task, TaskFile, TaskLog, UsageDay, UsageDelta, UsageHour
from apps.tenants import audit
from apps.tenants.models import Tenant
from apps.workers.models import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import Model, QuerySet

    InTime = Callable[[], bool]

logger = logging.getLogger(__name__)

JOBS = 20
"""So many jobs are locked together."""
ROWS = 1_000
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_REFERENCE = re.compile(r'"file":\s*"([0-9a-fA-F-]{36})"')


@dataclass(frozen=True, slots=True)
class Keep:
    """For how many days; 0: for ever. A tenant's own number takes the place of all four."""

    jobs: int
    events: int
    logs: int
    files: int

    @classmethod
    def of(cls, tenant: Tenant) -> Keep:
        own: int | None = tenant.retention_days
        if own is not None:
            return cls(own, own, own, own)
        return cls(
            settings.CONSOLE_KEEP_JOBS_DAYS,
            settings.CONSOLE_KEEP_EVENTS_DAYS,
            settings.CONSOLE_KEEP_LOGS_DAYS,
            settings.CONSOLE_KEEP_FILES_DAYS,
        )


def expire(now: datetime, in_time: InTime) -> None:
    """Remove what is too old. What belongs to a job that has not ended is never too old."""
    for tenant in Tenant.objects.order_by("slug"):
        removed = Counter(_expire_of(tenant, now, in_time))
        if removed.total():
            _tell(tenant, removed)
    if settings.CONSOLE_KEEP_JOBS_DAYS:
        of_all = BulkAction.objects.filter(tenant=None)
        _bulks(of_all, now - timedelta(days=settings.CONSOLE_KEEP_JOBS_DAYS), in_time)
    before = now - timedelta(days=settings.CONSOLE_KEEP_USAGE_DAYS)
    for model, column in ((UsageHour, "starts_at"), (UsageDay, "starts_at"), (UsageDelta, "at")):
        old = model._default_manager.filter(**{f"{column}__lt": before}).order_by(column)
        while in_time() and _delete_some(old):
            pass


def _expire_of(tenant: Tenant, now: datetime, in_time: InTime) -> dict[str, int]:
    keep = Keep.of(tenant)
    removed: dict[str, int] = {}
    if keep.jobs:
        before = now - timedelta(days=keep.jobs)
        removed["jobs"] = _jobs(tenant, before, in_time)
        removed["bulk_actions"] = _bulks(BulkAction.objects.of(tenant), before, in_time)
        removed["sessions"] = _sessions(tenant, before, in_time)
    for kind, days, rows in (
        ("events", keep.events, _events_of),
        ("logs", keep.logs, _logs_of),
    ):
        if days:
            removed[kind] = _trim(kind, tenant, now - timedelta(days=days), rows, in_time)
    if keep.files:
        removed["files"] = _files(tenant, now - timedelta(days=keep.files), in_time)
    return removed


def _tell(tenant: Tenant, removed: Counter[str]) -> None:
    counts = {kind: number for kind, number in removed.items() if number}
    with transaction.atomic():
        audit.record(audit.SYSTEM, "expire", tenant, tenant=tenant, after=counts)
    logger.info("expired", extra={"tenant": tenant.slug, **counts})


# Jobs, and what belongs to them ------------------------------------------------------------------


def _jobs(tenant: Tenant, before: datetime, in_time: InTime) -> int:
    """Delete ended jobs, but those that left a file which an active job refers to."""
    in_use: set[UUID] | None = None
    kept: set[UUID] = set()
    number = 0
    while in_time():
        old = _ended(tenant, before).exclude(id__in=kept)
        ids = list(old.order_by("completed_at").values_list("id", flat=True)[:JOBS])
        if not ids:
            break
        if in_use is None:
            in_use = _in_use(tenant)
        needed = TaskFile.objects.filter(task__job_id__in=ids, file_id__in=in_use)
        kept |= set(needed.values_list("task__job_id", flat=True))
        with transaction.atomic():
            for change in lock(set(ids) - kept).values():
                if _is_old(change.job, before):
                    bury(change)
                    number += 1
                else:
                    kept.add(change.job.id)
    return number


def _sessions(tenant: Tenant, before: datetime, in_time: InTime) -> int:
    """Delete realtime sessions that have ended."""
    old = Session.objects.of(tenant).filter(ended_at__lt=before).order_by("id")
    number = 0
    while in_time() and (some := _delete_some(old)):
        number += some
    return number


def _bulks(actions: QuerySet[BulkAction], before: datetime, in_time: InTime) -> int:
    """Delete actions that have ended, each after its items."""
    old = actions.filter(completed_at__lt=before).order_by("id")
    number = 0
    while in_time() and (bulk := old.first()):
        items = BulkItem.objects.filter(bulk=bulk).order_by("id")
        while in_time() and _delete_some(items):
            pass
        if not items.exists():
            bulk.delete()
            number += 1
    return number


def _trim(
    kind: str,
    tenant: Tenant,
    before: datetime,
    rows: Callable[[Sequence[UUID]], QuerySet[Model]],
    in_time: InTime,
) -> int:
    """Remove these rows of ended jobs. No job that was done is looked at again."""
    mark, _ = Pruned.objects.get_or_create(tenant=tenant, kind=kind, defaults={"until": LONG_AGO})
    number = 0
    while in_time():
        batch = _ended(tenant, before).filter(completed_at__gt=mark.until).order_by("completed_at")
        times = [at for at in batch.values_list("completed_at", flat=True)[:JOBS] if at]
        if not times:
            break
        last = times[-1]
        ids = list(batch.filter(completed_at__lte=last).values_list("id", flat=True))
        while in_time() and (some := _trim_some(ids, before, rows)):
            number += some
        if in_time():
            mark.until = last
            mark.save(update_fields=["until"])
    return number


def _trim_some(
    ids: Sequence[UUID], before: datetime, rows: Callable[[Sequence[UUID]], QuerySet[Model]]
) -> int:
    """One transaction's part. Under the jobs' locks, so that none is begun again meanwhile."""
    with transaction.atomic():
        old = [job_id for job_id, change in lock(ids).items() if _is_old(change.job, before)]
        return _delete_some(rows(old))


def _ended(tenant: Tenant, before: datetime) -> QuerySet[Job]:
    ended = {"completed_at__isnull": False, "completed_at__lt": before}
    return Job.objects.of(tenant).filter(deleted_at=None, **ended)


def _is_old(job: Job, before: datetime) -> bool:
    return job.status in TERMINAL and job.completed_at is not None and job.completed_at < before


def _events_of(job_ids: Sequence[UUID]) -> QuerySet[JobEvent]:
    return JobEvent.objects.filter(job_id__in=job_ids).order_by("id")


def _logs_of(job_ids: Sequence[UUID]) -> QuerySet[TaskLog]:
    return TaskLog.objects.filter(task__job_id__in=job_ids).order_by("id")


def _delete_some(rows: QuerySet[Model]) -> int:
    ids = list(rows.values_list("pk", flat=True)[:ROWS])
    rows.model._default_manager.filter(pk__in=ids).delete()
    return len(ids)


# Files -------------------------------------------------------------------------------------------


def _files(tenant: Tenant, before: datetime, in_time: InTime) -> int:
    """Delete files that were stored before, but those of active jobs or that such refer to."""
    old = StoredFile.objects.of(tenant).filter(created_at__lt=before).exclude(completed_at=None)
    old = old.exclude(left_by__task__job__status__in=ACTIVE).order_by("id")
    if not old.exists():
        return 0
    in_use = _in_use(tenant)
    number = 0
    for page in _pages(old, in_time):
        gone = {file_id: path for file_id, path in page if file_id not in in_use}
        with transaction.atomic():
            StoredFile.objects.filter(id__in=gone).delete()
            transaction.on_commit(partial(delete_bytes, gone.values()))
        number += len(gone)
    return number


def _pages(files: QuerySet[StoredFile], in_time: InTime) -> Iterator[list[tuple[UUID, str]]]:
    page = list(files.values_list("id", "path")[:ROWS])
    while page and in_time():
        yield page
        page = list(files.filter(id__gt=page[-1][0]).values_list("id", "path")[:ROWS])


def _in_use(tenant: Tenant) -> set[UUID]:
    """The files that parameters, configs and outputs of the tenant's active jobs refer to."""
    active = Job.objects.of(tenant).filter(status__in=ACTIVE)
    tasks = Task.objects.filter(job__in=active.values("id"))
    found: set[UUID] = set()
    for rows, column in ((active, "parameters"), (tasks, "config"), (tasks, "output")):
        texts = rows.annotate(text=Cast(column, TextField())).filter(text__contains='"file"')
        for text in texts.values_list("text", flat=True).iterator():
            found |= {UUID(name) for name in _REFERENCE.findall(text)}
    return found
