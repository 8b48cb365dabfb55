"""Upkeep: rows that were deleted or have expired go for good, in transactions of bounded size."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import F

from apps.jobs.files import delete_bytes
from apps.jobs.models import Job, JobEvent, StoredFile, SubmitReceipt
from apps.tasks import retention, waits
from apps.tasks.models import Task
from apps.tenants.clock import database_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

ROWS = 1_000
"""Tasks, or events, that one transaction removes, with what belongs to them."""
SECONDS = 300.0
"""A run ends after so long; the next hour's goes on."""
RECEIPT_LIFE = timedelta(hours=24)
UPLOAD_LIFE = timedelta(hours=24)


def prune() -> None:
    """Remove what is too old by the settings, deleted jobs with their files, and what was kept
    for a while only: receipts, unfinished uploads, waits.
    """
    now = database_now()
    deadline = time.monotonic() + SECONDS

    def in_time() -> bool:
        return time.monotonic() < deadline

    retention.expire(now, in_time)
    purge(in_time)
    SubmitReceipt.objects.filter(created_at__lt=now - RECEIPT_LIFE).delete()
    stale = StoredFile.objects.filter(completed_at=None, created_at__lt=now - UPLOAD_LIFE)
    for file in stale.prefetch_related("parts"):
        delete_bytes([part.path for part in file.parts.all()])
        file.delete()
    waits.forget(now - waits.KEPT)
    refresh_statistics()


def purge(in_time: Callable[[], bool]) -> None:
    """Remove the rows of deleted jobs, and the files that their tasks left."""
    while in_time():
        job_id = Job.objects.exclude(deleted_at=None).values_list("id", flat=True).first()
        if job_id is None:
            return
        while in_time() and _purge_some(job_id):
            pass


def refresh_statistics() -> None:
    """On SQLite, by which it chooses its indexes: a look at a few rows of each. PostgreSQL's
    autovacuum does the like by itself.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 400")
            cursor.execute("ANALYZE")


def _purge_some(job_id: UUID) -> bool:
    """One transaction's part of a deleted job; False when nothing of it is left."""
    with transaction.atomic():
        # Instances of a map before their template, which they refer to.
        order = F("mapped_from").asc(nulls_last=True)
        tasks = list(Task.objects.filter(job_id=job_id).order_by(order).values_list("id")[:ROWS])
        if tasks:
            _purge_tasks([task_id for (task_id,) in tasks])
            return True
        events = JobEvent.objects.filter(job_id=job_id).order_by("id").values_list("id", flat=True)
        if some := list(events[:ROWS]):
            JobEvent.objects.filter(id__in=some).delete()
            return True
        Job.objects.filter(id=job_id).delete()
        return False


def _purge_tasks(ids: list[UUID]) -> None:
    files = StoredFile.objects.filter(left_by__task_id__in=ids)
    paths = dict(files.values_list("id", "path"))
    StoredFile.objects.filter(id__in=list(paths)).delete()
    Task.objects.filter(id__in=ids).delete()
    transaction.on_commit(lambda: delete_bytes(paths.values()))
