"""Raising a job: staff put it before the jobs of all tenants, or take that back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F

from apps.jobs.status import TERMINAL
from apps.jobs.transitions import InvalidTransition, lock_one
from apps.tasks.models import Task
from apps.tenants import audit

if TYPE_CHECKING:
    from uuid import UUID

    from apps.tenants.audit import Actor

RAISED_BY = 1000
"""What a raised job's tasks have added to their priority."""


def raise_job(job_id: UUID, actor: Actor) -> None:
    """Before all others. Again changes nothing. Raises NotThere, InvalidTransition when ended."""
    with transaction.atomic():
        change = lock_one(job_id, actor.name)
        if change.job.raised_at is not None:
            return
        if change.job.status in TERMINAL:
            message = f"A job that is {change.job.status} cannot be raised."
            raise InvalidTransition(message)
        # Ended tasks too: a retry may run them again, and lowering takes off what is put on here.
        Task.objects.filter(job_id=job_id).update(priority=F("priority") + RAISED_BY)
        change.put(raised_at=change.at, raised_by=actor.name)
        change.write("job.raised")
        audit.record(actor, "raise", change.job, tenant=change.job.tenant_id)


def lower_job(job_id: UUID, actor: Actor) -> None:
    """Back to its place in its tenant. Changes nothing when it was not raised. Raises NotThere."""
    with transaction.atomic():
        change = lock_one(job_id, actor.name)
        if change.job.raised_at is None:
            return
        Task.objects.filter(job_id=job_id).update(priority=F("priority") - RAISED_BY)
        before = {"raised_at": change.job.raised_at, "raised_by": change.job.raised_by}
        change.put(raised_at=None, raised_by="")
        change.write("job.lowered")
        audit.record(actor, "lower", change.job, tenant=change.job.tenant_id, before=before)
