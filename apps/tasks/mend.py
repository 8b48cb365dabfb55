"""Mending: what no transaction should have left undone. It finds something only after a fault."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction

from apps.jobs.models import Job
from apps.jobs.status import ACTIVE
from apps.jobs.transitions import lock
from apps.tasks import mapping, transitions
from apps.tasks.bell import ring_on_commit
from apps.tasks.models import Task
from apps.tasks.release import Doomed, release
from apps.tasks.settle import doom
from apps.tasks.status import TaskStatus

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from apps.jobs.transitions import Change

logger = logging.getLogger(__name__)

CHUNK = 200


def mend() -> None:
    """Ready what waits for nothing, and end the jobs in which nothing can move."""
    missed = Task.objects.filter(status=TaskStatus.PENDING, remaining=0, retry_at=None)
    idle = Job.objects.filter(
        status__in=ACTIVE, deleted_at=None, pending_tasks=0, ready_tasks=0, running_tasks=0
    )
    jobs = {*missed.values_list("job_id", flat=True)[:CHUNK]}
    for job_id in jobs | {*idle.values_list("id", flat=True)[:CHUNK]}:
        with transaction.atomic():
            change = lock([job_id]).get(job_id)
            if change is None:
                continue
            _mend_job(change, missed.filter(job_id=job_id))
            if change.happened:
                logger.error("job_mended", extra={"job_id": str(job_id)})
                change.write()


def _mend_job(change: Change, missed: QuerySet[Task]) -> None:
    templates = list(missed.filter(map_spec__isnull=False).values_list("id", flat=True))
    readied = transitions.make_ready(change, missed)
    doomed: Doomed = {}
    if templates:
        advanced = mapping.advance(change, templates)
        readied += advanced.readied + release([(change, advanced.ended)], doomed)
        for template, error in advanced.broken:
            doomed.setdefault(change.job.id, (change, template.key, error))
    for _, key, error in doomed.values():
        doom(change, key, error)
    change.end_if_done()
    ring_on_commit(engine_id for _, engine_id in readied)
