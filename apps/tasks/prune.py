"""Upkeep: rows that were deleted or have expired go for good, in chunks."""

from __future__ import annotations

from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction

from apps.jobs.models import Job, StoredFile, SubmitReceipt
from apps.tasks import waits
from apps.tenants.clock import database_now

CHUNK = 20
RECEIPT_LIFE = timedelta(hours=24)
UPLOAD_LIFE = timedelta(hours=24)


def prune() -> None:
    """Purge tombstoned jobs with their files, old receipts, unfinished uploads, old waits."""
    now = database_now()
    while _purge_jobs():
        pass
    SubmitReceipt.objects.filter(created_at__lt=now - RECEIPT_LIFE).delete()
    stale = StoredFile.objects.filter(completed_at=None, created_at__lt=now - UPLOAD_LIFE)
    for file in stale.prefetch_related("parts"):
        _remove([part.path for part in file.parts.all()])
        file.delete()
    waits.forget(now - waits.KEPT)


def _purge_jobs() -> bool:
    ids = list(Job.objects.exclude(deleted_at=None).values_list("id", flat=True)[:CHUNK])
    with transaction.atomic():
        files = StoredFile.objects.filter(left_by__task__job_id__in=ids)
        paths = list(files.values_list("path", flat=True))
        StoredFile.objects.filter(id__in=list(files.values_list("id", flat=True))).delete()
        Job.objects.filter(id__in=ids).delete()
        transaction.on_commit(lambda: _remove(paths))
    return bool(ids)


def _remove(paths: list[str]) -> None:
    for path in paths:
        default_storage.delete(path)
