"""Jobs and files that ended or were stored some days ago."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage

from apps.jobs import files
from apps.jobs.models import Job, JobEvent, StoredFile
from apps.tasks.logs import LogBuffer
from apps.tasks.models import TaskFile, TaskLog
from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from tests.factories import make_tenant
from tests.tasks.jobs import claim, make_job, make_worker, report

OLD, NEW = 10, 2


def ago(days: float) -> datetime:
    return database_now() - timedelta(days=days)


def ended(days: float = OLD, slug: str = "acme", **more: Any) -> Job:
    """A job that ended so long ago, with a log and a file that its task left."""
    job = make_job(tenant=make_tenant(slug), **more)
    (held,) = claim(make_worker())
    log = LogBuffer(held.task_id, held.attempt)
    log.add("a line", "info")
    log.store()
    report(held)
    file = stored(slug, days)
    TaskFile.objects.create(task_id=held.task_id, attempt=1, file=file)
    Job.objects.filter(id=job.id).update(completed_at=ago(days))
    return job


def stored(slug: str = "acme", days: float = OLD) -> StoredFile:
    file = files.create(make_tenant(slug), "a.txt", [b"hello"], SYSTEM)
    StoredFile.objects.filter(id=file.id).update(created_at=ago(days))
    return file


def there(model: Any) -> set[UUID]:
    """The jobs that rows of this model are left of."""
    path = {TaskLog: "task__job_id", JobEvent: "job_id", Job: "id"}[model]
    return set(model.objects.values_list(path, flat=True))


def has_bytes(file: StoredFile) -> bool:
    return default_storage.exists(file.path)
