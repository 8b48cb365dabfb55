"""Why a task has its status: the sentence and its parts, status by status."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Q

from apps.console.actors import shown_actor
from apps.console.elapsed import elapsed_ms
from apps.console.why_case import Blocking, first_line
from apps.console.why_line import in_line
from apps.tasks.models import IN_ORDER, Task
from apps.tasks.status import TERMINAL, TaskStatus
from apps.tasks.transitions import ENDED_WELL
from apps.tenants.clock import database_now
from apps.workers.status import WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.console.why_case import Answer, Case
    from apps.workers.models import Worker

SHOWN_BLOCKING = 20
SHOWN_NAMES = 3


# Before it is ready ------------------------------------------------------------------------------


def _pending(case: Case) -> Answer:
    task = case.task
    if task.retry_at is not None:
        return _retry_wait(case)
    blocking = _not_ended_well(task)
    names = _names([row["key"] for row in blocking], max(task.remaining, len(blocking)))
    answer: Answer = {"reason": "dependencies", "since": case.begun[-1], "blocking": blocking}
    if task.map_spec is not None:
        return answer | _of_template(task, names)
    detail = f"It waits for {names}."
    if not blocking:
        detail = "What it waited for has ended; it is about to be ready."
    return answer | {"detail": detail}


def _retry_wait(case: Case) -> Answer:
    task = case.task
    assert task.retry_at is not None  # noqa: S101
    detail = (
        f"Attempt {task.attempt} failed: {first_line(task.error)} "
        f"It is tried again at {case.clock(task.retry_at)}."
    )
    since = case.attempts[-1].ended_at if case.attempts else case.begun[-1]
    return {"reason": "retry_wait", "detail": detail, "since": since, "eta": task.retry_at}


def _of_template(task: Task, names: str) -> Answer:
    """A template waits for its list, and then for its instances."""
    ended = Count("id", filter=Q(status__in=TERMINAL))
    instances = Task.objects.filter(mapped_from_id=task.pk, job_id=task.job_id)
    number = instances.aggregate(all=Count("id"), ended=ended)
    if number["all"]:
        said = f"{number['ended']:,} of its {number['all']:,} instances have ended"
        detail = f"{said}; it waits for {names}." if names else f"{said}; it is about to end."
        return {"reason": "instances", "detail": detail}
    assert task.map_spec  # noqa: S101
    if not names:
        return {"detail": "Its list is there; it is about to be expanded."}
    over = task.map_spec["over"]
    return {"detail": f"It waits for {names}, and is then mapped over the output of {over}."}


def _not_ended_well(task: Task) -> list[Blocking]:
    needed = Task.objects.filter(Q(dependents__task=task), ~ENDED_WELL).order_by(*IN_ORDER)
    columns = needed.values_list("id", "key", "status")
    return [
        {"id": other, "key": key, "status": status}
        for other, key, status in columns[:SHOWN_BLOCKING]
    ]


def _names(keys: list[str], number: int) -> str:
    """`a, b, c and 2 more`."""
    more = number - SHOWN_NAMES
    return ", ".join(keys[:SHOWN_NAMES]) + (f" and {more:,} more" if keys and more > 0 else "")


# While it runs -----------------------------------------------------------------------------------


def _running(case: Case) -> Answer:
    task, worker = case.task, case.task.worker
    if task.cancel_requested_at is not None:
        return _stopping(case)
    if worker is not None and _is_silent(worker):
        return _silent(case, worker)
    where = f" on {worker.name}" if worker else ""
    detail = f"Attempt {task.attempt} runs{where}."
    return {"reason": "running", "detail": detail, "since": task.started_at}


def _stopping(case: Case) -> Answer:
    task, by = case.task, case.task.job.cancel_requested_by
    assert task.cancel_requested_at is not None  # noqa: S101
    where = f" on {task.worker.name}" if task.worker else ""
    who = f" by {shown_actor(by, to_tenant=case.to_tenant)}" if by else " as its job failed"
    at = case.clock(task.cancel_requested_at)
    detail = f"It was told to stop at {at}{who}, and still runs{where}."
    return {"reason": "stopping", "detail": detail, "since": task.cancel_requested_at}


def _is_silent(worker: Worker) -> bool:
    """Whether it missed its time to renew: a lease is renewed when a third of it has passed."""
    third = timedelta(seconds=settings.CONSOLE_LEASE_SECONDS / 3)
    return worker.status == WorkerStatus.OFFLINE or worker.lease_until - third < database_now()


def _silent(case: Case, worker: Worker) -> Answer:
    over = worker.status == WorkerStatus.OFFLINE or worker.lease_until <= database_now()
    heard, until = case.clock(worker.last_heartbeat_at), case.clock(worker.lease_until)
    lease = "Its lease ran out" if over else "Its lease expires"
    then = "the task is about to go back in line" if over else "then the task goes back in line"
    detail = f"Worker {worker.name} has been silent since {heard}. {lease} at {until}; {then}."
    answer: Answer = {"reason": "silent_worker", "detail": detail, "eta": worker.lease_until}
    return answer | {"since": worker.last_heartbeat_at}


# After it ended ----------------------------------------------------------------------------------


def _completed(case: Case) -> Answer:
    task = case.task
    if task.map_spec is not None:
        detail = f"All it was mapped to ended: {task.instances.count():,} instances."
        return {"reason": "completed", "detail": detail, "since": task.completed_at}
    taken_ms = elapsed_ms(task.started_at, task.completed_at) or 0
    detail = f"It completed in attempt {task.attempt}, after {taken_ms / 1000:.1f} s."
    return {"reason": "completed", "detail": detail, "since": task.completed_at}


def _failed(case: Case) -> Answer:
    task = case.task
    code = f" ({task.error_code})" if task.error_code else ""
    what = "It" if task.map_spec is not None else f"Attempt {task.attempt}"
    detail = f"{what} failed{code}: {first_line(task.error)}"
    return {"reason": "failed", "detail": detail, "since": task.completed_at}


def _skipped(case: Case) -> Answer:
    task = case.task
    blocking = _not_ended_well(task)
    answer: Answer = {"reason": "skipped", "since": task.completed_at, "blocking": blocking}
    failed = [row["key"] for row in blocking if row["status"] == TaskStatus.FAILED]
    if not failed:
        return answer | {"detail": task.reason or "It was skipped."}
    detail = f"It needs {_names(failed, len(failed))}, which failed."
    return answer | {"reason": "dependency_failed", "detail": detail}


def _cancelled(case: Case) -> Answer:
    task, by = case.task, case.task.job.cancel_requested_by
    detail = task.reason or "It was cancelled."
    if by is not None:
        detail = f"Its job was cancelled by {shown_actor(by, to_tenant=case.to_tenant)}."
    return {"reason": "cancelled", "detail": detail, "since": task.completed_at}


ANSWERS: dict[TaskStatus, Callable[[Case], Answer]] = {
    TaskStatus.PENDING: _pending,
    TaskStatus.READY: in_line,
    TaskStatus.RUNNING: _running,
    TaskStatus.COMPLETED: _completed,
    TaskStatus.FAILED: _failed,
    TaskStatus.SKIPPED: _skipped,
    TaskStatus.CANCELLED: _cancelled,
}
