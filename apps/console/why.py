"""Why a task is where it is: one sentence, and the parts it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Q

from apps.console.actors import shown_actor
from apps.console.batch_pool import TAKING, served_engines
from apps.console.elapsed import elapsed_ms
from apps.console.engine_rows import tasks_of
from apps.jobs.models import JobEvent
from apps.jobs.transitions import NotThere
from apps.tasks.models import Attempt, Task
from apps.tasks.status import TaskStatus
from apps.tasks.transitions import ENDED_WELL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

SHOWN_BLOCKING = 20
SHOWN_NAMES = 3
_STARTS_ANEW = ("job.submitted", "job.retried")


class Blocking(TypedDict):
    """A task that must end first."""

    id: UUID
    key: str
    status: str


Span = TypedDict("Span", {"reason": str, "from": "datetime", "to": "datetime | None"})


class Answer(TypedDict, total=False):
    """What one status has to say; `detail` is the sentence."""

    reason: str
    detail: str
    since: datetime | None
    blocking: list[Blocking]
    position: int | None
    eta: datetime | None


class Why(Answer):
    """The whole answer. `history` tells the way here, oldest first."""

    status: str
    history: list[Span]


@dataclass(frozen=True, slots=True)
class _Case:
    """A task, its attempts, when it began to wait, and whose eyes the answer is for."""

    task: Task
    attempts: Sequence[Attempt]
    begun: datetime
    to_tenant: bool


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
    case = _Case(task, attempts, _begun_at(task), to_tenant)
    answer = _ANSWERS[TaskStatus(task.status)](case)
    nothing: Answer = {"blocking": [], "position": None, "eta": None}
    return {
        **nothing,
        **answer,
        "status": task.status,
        "history": _history(task, attempts),
    }


def _begun_at(task: Task) -> datetime:
    """When the job was submitted, or last retried."""
    events = JobEvent.objects.filter(job_id=task.job_id, type__in=_STARTS_ANEW)
    at = events.order_by("-seq").values_list("at", flat=True).first()
    return at or task.job.created_at


# Before it runs ----------------------------------------------------------------------------------


def _pending(case: _Case) -> Answer:
    task = case.task
    if task.retry_at is not None:
        since = case.attempts[-1].ended_at if case.attempts else case.begun
        detail = (
            f"Attempt {task.attempt} failed: {_first_line(task.error)} "
            f"It is tried again at {_clock(task.retry_at)}."
        )
        return {"reason": "retry_wait", "detail": detail, "since": since, "eta": task.retry_at}
    needed = Task.objects.filter(Q(dependents__task=task), ~ENDED_WELL).order_by("position")
    columns = needed.values_list("id", "key", "status")
    found: list[Blocking] = [
        {"id": other, "key": key, "status": status}
        for other, key, status in columns[:SHOWN_BLOCKING]
    ]
    names = ", ".join(row["key"] for row in found[:SHOWN_NAMES])
    more = max(task.remaining, len(found)) - SHOWN_NAMES
    detail = f"It waits for {names}{f' and {more:,} more' if more > 0 else ''}."
    if not found:
        detail = "What it waited for has ended; it is about to be ready."
    return {"reason": "dependencies", "detail": detail, "since": case.begun, "blocking": found}


def _ready(case: _Case) -> Answer:
    task = case.task
    since = task.ready_at
    workers = served_engines().get(task.engine_id, [])
    if not workers:
        detail = f"No worker that runs {task.engine_id} is online."
        return {"reason": "no_worker", "detail": detail, "since": since}
    if TAKING.isdisjoint(workers):
        detail = f"No worker that runs {task.engine_id} takes new tasks: all are draining."
        return {"reason": "draining", "detail": detail, "since": since}
    ahead = _ahead(task)
    if not ahead:
        detail = f"It is next in line for {task.engine_id}, and waits for a free slot."
        return {"reason": "next_in_line", "detail": detail, "since": since, "position": 1}
    stand = "1 task stands" if ahead == 1 else f"{ahead:,} tasks stand"
    detail = f"{stand} before it in line for {task.engine_id}."
    return {"reason": "in_line", "detail": detail, "since": since, "position": ahead + 1}


def _ahead(task: Task) -> int:
    """How many ready tasks of the same tenant and engine are claimed before this one."""
    earlier = Q(priority__gt=task.priority) | Q(priority=task.priority, id__lt=task.id)
    line = tasks_of(task.job.tenant, TaskStatus.READY)
    return line.filter(earlier, engine_id=task.engine_id).count()


# While it runs, and after ------------------------------------------------------------------------


def _running(case: _Case) -> Answer:
    task = case.task
    where = f" on {task.worker.name}" if task.worker else ""
    if task.cancel_requested_at is not None:
        detail = f"It was told to stop at {_clock(task.cancel_requested_at)} and still runs{where}."
        return {"reason": "stopping", "detail": detail, "since": task.cancel_requested_at}
    detail = f"Attempt {task.attempt} runs{where}."
    return {"reason": "running", "detail": detail, "since": task.started_at}


def _completed(case: _Case) -> Answer:
    task = case.task
    taken_ms = elapsed_ms(task.started_at, task.completed_at) or 0
    detail = f"It completed in attempt {task.attempt}, after {taken_ms / 1000:.1f} s."
    return {"reason": "completed", "detail": detail, "since": task.completed_at}


def _failed(case: _Case) -> Answer:
    task = case.task
    code = f" ({task.error_code})" if task.error_code else ""
    detail = f"Attempt {task.attempt} failed{code}: {_first_line(task.error)}"
    return {"reason": "failed", "detail": detail, "since": task.completed_at}


def _skipped(case: _Case) -> Answer:
    task = case.task
    detail = task.reason or "It was skipped."
    return {"reason": "skipped", "detail": detail, "since": task.completed_at}


def _cancelled(case: _Case) -> Answer:
    task = case.task
    by = task.job.cancel_requested_by
    if by is None:
        detail = task.reason or "It was cancelled."
    else:
        detail = f"Its job was cancelled by {shown_actor(by, to_tenant=case.to_tenant)}."
    return {"reason": "cancelled", "detail": detail, "since": task.completed_at}


_ANSWERS: dict[TaskStatus, Callable[[_Case], Answer]] = {
    TaskStatus.PENDING: _pending,
    TaskStatus.READY: _ready,
    TaskStatus.RUNNING: _running,
    TaskStatus.COMPLETED: _completed,
    TaskStatus.FAILED: _failed,
    TaskStatus.SKIPPED: _skipped,
    TaskStatus.CANCELLED: _cancelled,
}


def _history(task: Task, attempts: Sequence[Attempt]) -> list[Span]:
    """Waiting and running, in turn, since the job was submitted."""
    spans: list[Span] = []
    free_since = task.job.created_at
    for attempt in attempts:
        if attempt.started_at > free_since:
            spans.append({"reason": "waiting", "from": free_since, "to": attempt.started_at})
        spans.append({"reason": "running", "from": attempt.started_at, "to": attempt.ended_at})
        free_since = attempt.ended_at or attempt.started_at
    return spans


def _first_line(error: str | None) -> str:
    lines = (error or "").strip().splitlines()
    line = lines[0][:300] if lines else "no reason was given"
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"
