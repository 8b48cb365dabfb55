"""The receipt of a cancel: requested, signalled, process gone, slot freed, each with its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, Max, Q
from django.utils import timezone

from apps.console.actors import shown_actor
from apps.tasks.control import UNCONFIRMED
from apps.tasks.models import Attempt

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.jobs.models import Job


class Receipt(TypedDict):
    """What is known of the stopping of one attempt, or of all that a job had running."""

    requested_at: datetime
    requested_by: str | None
    signalled_at: datetime | None
    gone_at: datetime | None
    freed_at: datetime | None


class TaskReceipt(Receipt):
    """`confirmed`: the process is known to be gone."""

    confirmed: bool


class JobReceipt(Receipt):
    """Over all attempts that were told to stop: a time is the last of them, once all have it.

    `unconfirmed` counts those told more than 30 s ago of which nobody knows that they are gone.
    """

    attempts: int
    unconfirmed: int


def task_receipt(task_id: UUID, *, to_tenant: bool) -> TaskReceipt | None:
    """Of the task's latest attempt; None when that was never told to stop."""
    attempts = Attempt.objects.filter(task_id=task_id).select_related("task__job").defer("error")
    attempt = attempts.order_by("-number").first()
    if attempt is None or attempt.cancel_requested_at is None:
        return None
    job = attempt.task.job
    by = job.cancel_requested_by if _asked_since(job, attempt.cancel_requested_at) else None
    return {
        "requested_at": attempt.cancel_requested_at,
        "requested_by": shown_actor(by, to_tenant=to_tenant) if by else None,
        "signalled_at": attempt.signalled_at,
        "gone_at": attempt.gone_at,
        "freed_at": attempt.freed_at,
        "confirmed": attempt.gone_at is not None,
    }


def _asked_since(job: Job, at: datetime) -> bool:
    """Whether it was the job's cancel that stopped this, and not a failure or a former cancel."""
    return job.cancel_requested_at is not None and job.cancel_requested_at <= at


def job_receipt(
    job_id: UUID, at: datetime | None, by: str | None, *, to_tenant: bool
) -> JobReceipt | None:
    """Of the job's cancel, asked for `at` this time; None where nobody did."""
    if at is None:
        return None
    found = _totals(Attempt.objects.filter(task__job_id=job_id, cancel_requested_at__gte=at))
    number = found["number"]
    return {
        "requested_at": at,
        "requested_by": shown_actor(by, to_tenant=to_tenant) if by else None,
        "signalled_at": found["signalled"] if found["signalled_number"] == number else None,
        "gone_at": found["gone"] if found["gone_number"] == number else None,
        "freed_at": found["freed"] if found["freed_number"] == number else None,
        "attempts": number,
        "unconfirmed": found["unconfirmed"],
    }


def _totals(attempts: QuerySet[Attempt]) -> dict[str, Any]:
    late = timezone.now() - UNCONFIRMED
    return attempts.aggregate(
        number=Count("id"),
        signalled=Max("signalled_at"),
        signalled_number=Count("signalled_at"),
        gone=Max("gone_at"),
        gone_number=Count("gone_at"),
        freed=Max("freed_at"),
        freed_number=Count("freed_at"),
        unconfirmed=Count("id", filter=Q(gone_at=None, cancel_requested_at__lt=late)),
    )
