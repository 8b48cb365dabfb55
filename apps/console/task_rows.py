"""Tasks as the API shows them, read in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypedDict

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from apps.console.elapsed import elapsed_ms
from apps.console.receipts import task_receipt
from apps.jobs.models import Job
from apps.jobs.transitions import NotThere
from apps.tasks import autopsy
from apps.tasks.models import IN_ORDER, Attempt, CardHold, Task, TaskDependency, TaskFile
from apps.tasks.status import TERMINAL, TaskStatus

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from apps.console.receipts import TaskReceipt


class TaskRow(TypedDict):
    """A task in its job's list. `worker` is the one of the current attempt."""

    id: UUID
    key: str
    stage: str
    engine_id: str
    status: str
    dependencies: list[UUID]
    required: bool
    ready_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    wait_ms: int | None
    duration_ms: int | None
    attempt: int
    failures: int
    max_retries: int
    retry_at: datetime | None
    worker: str | None
    progress: float | None
    gpu_memory_peak_mb: int | None
    error: str | None
    error_code: str | None
    reason: str | None
    seq: int
    map: dict[str, Any] | None
    mapped_from: UUID | None
    map_index: int | None


class JobTasks(TypedDict):
    """All tasks of a job, at least as new as event `seq`."""

    job_id: UUID
    seq: int
    tasks: list[TaskRow]


class AttemptRow(TypedDict):
    """One run of a task. `cards`: the uuids of those it held, null to a tenant. `autopsy`: the
    minute on its cards before it ran out of memory.
    """

    number: int
    worker: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    error: str | None
    error_code: str | None
    gpu_memory_peak_mb: int | None
    gpu_seconds: float | None
    cards: list[str] | None
    autopsy: list[dict[str, Any]] | None


class TaskFileRow(TypedDict):
    """A file a task left."""

    id: UUID
    name: str
    size_bytes: int
    sha256: str


class TaskDetail(TaskRow):
    """A task on its own. `inputs` is None where they are above the limit of an output together."""

    config: dict[str, Any]
    inputs: dict[str, Any] | None
    inputs_too_large: bool
    output: Any
    files: list[TaskFileRow]
    attempts: list[AttemptRow]
    cancel: TaskReceipt | None


_COLUMNS = (
    "id",
    "key",
    "stage",
    "engine_id",
    "status",
    "required",
    "ready_at",
    "started_at",
    "completed_at",
    "attempt",
    "failures",
    "max_retries",
    "retry_at",
    "progress",
    "error",
    "error_code",
    "reason",
    "seq",
    "map_spec",
    "mapped_from_id",
    "map_index",
    "worker__name",
)
_Current = dict["UUID", tuple[str | None, int | None]]


def job_tasks(job_id: UUID) -> JobTasks:
    """Every task of a job. Raises NotThere.

    `seq` is read first: events after it are in the rows already or follow, none is missing.
    """
    seq = Job.objects.filter(id=job_id).values_list("seq", flat=True).first()
    if seq is None:
        raise NotThere
    edges: dict[UUID, list[UUID]] = {}
    pairs = TaskDependency.objects.filter(task__job_id=job_id).order_by("id")
    for task_id, needed in pairs.values_list("task_id", "depends_on_id"):
        edges.setdefault(task_id, []).append(needed)
    current = _current_attempts(Attempt.objects.filter(task__job_id=job_id))
    now = timezone.now()
    found = Task.objects.filter(job_id=job_id).order_by(*IN_ORDER).values(*_COLUMNS)
    rows = [_row(columns, edges.get(columns["id"], []), current, now) for columns in found]
    return {"job_id": job_id, "seq": seq, "tasks": rows}


def task_detail(task_id: UUID, *, to_tenant: bool) -> TaskDetail:
    """One task with what went in, what came out, and its attempts. Raises NotThere."""
    columns = Task.objects.filter(id=task_id).values(*_COLUMNS, "config", "output").first()
    if columns is None:
        raise NotThere
    needed = dict(
        Task.objects.filter(dependents__task_id=task_id)
        .order_by(*IN_ORDER)
        .values_list("id", "output_bytes")
    )
    too_large = sum(needed.values()) > settings.CONSOLE_MAX_OUTPUT_BYTES
    current = _current_attempts(Attempt.objects.filter(task_id=task_id))
    return {
        **_row(columns, list(needed), current, timezone.now()),
        "config": columns["config"],
        "inputs": None if too_large else _inputs(task_id),
        "inputs_too_large": too_large,
        "output": columns["output"],
        "files": _files(columns),
        "attempts": _attempts(task_id, to_tenant=to_tenant),
        "cancel": task_receipt(task_id, to_tenant=to_tenant),
    }


def _row(
    columns: dict[str, Any], dependencies: list[UUID], current: _Current, now: datetime
) -> TaskRow:
    failed = columns["status"] == TaskStatus.FAILED
    began = columns["started_at"]
    worker, peak_mb = current.get(columns["id"], (None, None))
    waits = columns["status"] != TaskStatus.PENDING
    until = began or columns["completed_at"] or now
    return {
        "id": columns["id"],
        "key": columns["key"],
        "stage": columns["stage"],
        "engine_id": columns["engine_id"],
        "status": columns["status"],
        "dependencies": dependencies,
        "required": columns["required"],
        "ready_at": columns["ready_at"],
        "started_at": began,
        "completed_at": columns["completed_at"],
        "wait_ms": elapsed_ms(columns["ready_at"], until) if waits else None,
        "duration_ms": elapsed_ms(began, columns["completed_at"] or now),
        "attempt": columns["attempt"],
        "failures": columns["failures"],
        "max_retries": columns["max_retries"],
        "retry_at": columns["retry_at"],
        "worker": columns["worker__name"] or (worker if _ran_to_its_end(columns) else None),
        "progress": columns["progress"],
        "gpu_memory_peak_mb": peak_mb,
        "error": columns["error"] if failed else None,
        "error_code": columns["error_code"] if failed else None,
        "reason": columns["reason"],
        "seq": columns["seq"],
        "map": columns["map_spec"],
        "mapped_from": columns["mapped_from_id"],
        "map_index": columns["map_index"],
    }


def _ran_to_its_end(columns: dict[str, Any]) -> bool:
    return columns["status"] in TERMINAL and columns["started_at"] is not None


def _current_attempts(attempts: QuerySet[Attempt]) -> _Current:
    """Worker and memory peak (MiB) of each task's current attempt."""
    found = attempts.filter(number=F("task__attempt")).order_by()
    columns = found.values_list("task_id", "worker__name", "gpu_memory_peak_mb")
    return {task_id: (worker, peak_mb) for task_id, worker, peak_mb in columns}


def _inputs(task_id: UUID) -> dict[str, Any]:
    """What each dependency gave; None for one that gave nothing (yet)."""
    needed = Task.objects.filter(dependents__task_id=task_id).order_by(*IN_ORDER)
    return dict(needed.values_list("key", "output"))


def _files(columns: dict[str, Any]) -> list[TaskFileRow]:
    """The files of the attempt that completed."""
    left = TaskFile.objects.filter(
        task_id=columns["id"],
        attempt=columns["attempt"],
        task__status=TaskStatus.COMPLETED,
    ).order_by("file__name")
    found = left.values_list("file_id", "file__name", "file__size_bytes", "file__sha256")
    return [
        {"id": file_id, "name": name, "size_bytes": size_bytes, "sha256": sha256}
        for file_id, name, size_bytes, sha256 in found
    ]


def _attempts(task_id: UUID, *, to_tenant: bool) -> list[AttemptRow]:
    found = Attempt.objects.filter(task_id=task_id).select_related("worker")
    attempts = found.annotate(tenant_id=F("task__tenant_id")).order_by("number")
    cards: dict[int, list[str]] = defaultdict(list)
    held = CardHold.objects.filter(task_id=task_id).order_by("uuid")
    for number, uuid in held.values_list("attempt", "uuid"):
        cards[number].append(uuid)
    return [
        {
            "number": attempt.number,
            "worker": attempt.worker.name if attempt.worker else None,
            "started_at": attempt.started_at,
            "ended_at": attempt.ended_at,
            "outcome": attempt.outcome,
            "error": attempt.error,
            "error_code": attempt.error_code,
            "gpu_memory_peak_mb": attempt.gpu_memory_peak_mb,
            "gpu_seconds": None if attempt.gpu_ms is None else attempt.gpu_ms / 1000,
            "cards": None if to_tenant else cards[attempt.number],
            "autopsy": autopsy.shown(attempt.autopsy, attempt.tenant_id if to_tenant else None),
        }
        for attempt in attempts
    ]
