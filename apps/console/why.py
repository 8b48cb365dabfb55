"""Why a task is where it is: one sentence, the parts it is made of, and the way here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from django.conf import settings
from django.db.models import Max
from django.utils import timezone

from apps.console.why_answers import ANSWERS
from apps.console.why_case import Answer, Case
from apps.console.why_history import (
    ENDED,
    IN_LINE,
    RETRY_WAIT,
    Life,
    Phase,
    Run,
    explained,
    phases,
)
from apps.jobs.models import JobEvent
from apps.jobs.transitions import NotThere
from apps.tasks.models import Attempt, Task
from apps.tasks.status import TERMINAL, AttemptOutcome, TaskStatus, WaitReason
from apps.tasks.waits import Cause, causes_of, looked_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

MOST_SPANS = 200

_THEN = {
    AttemptOutcome.COMPLETED: ENDED,
    AttemptOutcome.FAILED: RETRY_WAIT,
    AttemptOutcome.TIMED_OUT: RETRY_WAIT,
    AttemptOutcome.CANCELLED: ENDED,
}
"""What the end of an attempt leads to; a lost one goes back in line."""

Span = TypedDict("Span", {"reason": str, "from": "datetime", "to": "datetime | None"})


class Why(Answer):
    """The whole answer. `history` tells the way here, oldest first, without a gap."""

    status: str
    history: list[Span]


def explain(task_id: UUID, *, to_tenant: bool) -> Why:
    """Why this task has its status, for the eyes of its tenant or of staff. Raises NotThere."""
    task = (
        Task.objects.filter(id=task_id)
        .select_related("job__tenant", "worker")
        .defer("config", "output", "job__parameters")
        .first()
    )
    if task is None:
        raise NotThere
    attempts = list(Attempt.objects.filter(task=task).order_by("number").defer("error"))
    case = Case(task, attempts, _begun(task), to_tenant, timezone.now())
    answer = ANSWERS[TaskStatus(task.status)](case)
    history = _history(case, answer)
    if history and history[-1].reason == answer["reason"]:
        answer["since"] = history[-1].began_at
    nothing: Answer = {"blocking": [], "position": None, "eta": None}
    return {
        **nothing,
        **answer,
        "status": task.status,
        "history": [
            {"reason": span.reason, "from": span.began_at, "to": span.ended_at}
            for span in history[-MOST_SPANS:]
        ],
    }


def _begun(task: Task) -> list[datetime]:
    """When the job was submitted, and each time it was retried."""
    retried = JobEvent.objects.filter(job_id=task.job_id, type="job.retried").order_by("seq")
    return [task.job.created_at, *retried.values_list("at", flat=True)]


def _history(case: Case, answer: Answer) -> list[Phase]:
    """The task's own phases; where it was ready, with what kept it then.

    What keeps it now is known from now on, and since the sweep last looked.
    """
    own = phases(_life(case))
    waits = [phase for phase in own if phase.reason == IN_LINE]
    if not waits:
        return own
    causes = causes_of(case.task.engine_id, case.task.tenant_id, waits[0].began_at)
    reason = answer["reason"]
    if case.task.status == TaskStatus.READY and reason in WaitReason.values:
        causes.append(Cause(reason, looked_at() or case.now, None))
    return explained(own, causes, timedelta(seconds=2 * settings.CONSOLE_SWEEP_SECONDS))


def _life(case: Case) -> Life:
    task = case.task
    runs = _runs(task, case.attempts)
    after = task.ready_at if not runs or _later(task.ready_at, runs[-1].started_at) else None
    return Life(
        begun=case.begun,
        runs=runs,
        ready_at=after,
        expanded_at=_expanded_at(case) if task.map_spec is not None else None,
        ended_at=task.completed_at if task.status in TERMINAL else None,
    )


def _later(at: datetime | None, than: datetime) -> bool:
    return at is not None and at > than


def _runs(task: Task, attempts: Sequence[Attempt]) -> list[Run]:
    runs = [
        Run(
            attempt.ready_at,
            attempt.started_at,
            attempt.ended_at,
            _THEN.get(AttemptOutcome(attempt.outcome), IN_LINE) if attempt.outcome else ENDED,
        )
        for attempt in attempts
    ]
    recorded = attempts[-1].number if attempts else 0
    if task.status == TaskStatus.RUNNING and task.started_at and recorded < task.attempt:
        # Claimed a moment ago; its attempt is written with the started event.
        runs.append(Run(task.ready_at, task.started_at, None, ENDED))
    return runs


def _expanded_at(case: Case) -> datetime | None:
    """When a template got its instances: as the last that it depends on ended, or anew."""
    task = case.task
    if not Task.objects.filter(mapped_from_id=task.pk, job_id=task.job_id).exists():
        return None
    needed = Task.objects.filter(dependents__task=task).exclude(mapped_from_id=task.pk)
    ended: datetime | None = needed.aggregate(at=Max("completed_at"))["at"]
    return max(ended or case.begun[-1], case.begun[-1])
