"""Jobs as the API shows them, read in a constant number of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.conf import settings
from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone

from apps.console.elapsed import elapsed_ms
from apps.console.receipts import job_receipt
from apps.jobs.models import Job, JobLabel
from apps.jobs.status import JobStatus
from apps.jobs.transitions import COUNTED, NotThere
from apps.tasks.engines.registry import registry
from apps.tasks.models import Attempt, Task, TaskDependency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from apps.console.receipts import JobReceipt
    from apps.tenants.models import Tenant
    from apps.tenants.owned import TenantQuerySet


class JobRow(TypedDict):
    """A job in a list."""

    id: UUID
    tenant: str
    name: str
    pipeline: str | None
    status: str
    priority: int
    labels: dict[str, str]
    progress: dict[str, int]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int | None
    demo: bool
    raised: bool
    seq: int


class JobDetail(JobRow):
    """A job on its own. `result` is None where it would be above the limit of an output;
    `gpu_seconds` of all attempts, None where none was seen on a card.
    """

    parameters: dict[str, Any]
    result: dict[str, Any] | None
    result_too_large: bool
    error: str | None
    gpu_seconds: float | None
    cancel: JobReceipt | None


COLUMNS = (
    "id",
    "tenant__slug",
    "name",
    "pipeline",
    "status",
    "priority",
    "created_at",
    "started_at",
    "completed_at",
    "total_tasks",
    "raised_at",
    "seq",
    *(f"{status}_tasks" for status in COUNTED),
)
_DETAIL_COLUMNS = (
    *COLUMNS, "parameters", "error", "cancel_requested_at", "cancel_requested_by",
)  # fmt: skip


def visible_jobs() -> TenantQuerySet[Job]:
    """All jobs but the deleted ones."""
    return Job.objects.filter(deleted_at=None)


def job_rows(found: Iterable[dict[str, Any]]) -> list[JobRow]:
    """The rows of `queryset.values(*COLUMNS)`, with their labels.

    One query more; another one where a job has the name of a built-in pipeline.
    """
    found = list(found)
    labels: dict[UUID, dict[str, str]] = {columns["id"]: {} for columns in found}
    pairs = JobLabel.objects.filter(job_id__in=labels).order_by("name")
    for job_id, name, value in pairs.values_list("job_id", "name", "value"):
        labels[job_id][name] = value
    now = timezone.now()
    demos = _demos(found)
    return [
        _row(columns, labels[columns["id"]], now, demo=columns["id"] in demos) for columns in found
    ]


def job_detail(job_id: UUID, *, to_tenant: bool) -> JobDetail:
    """One job with what it was given and what came of it. Raises NotThere."""
    columns = visible_jobs().filter(id=job_id).values(*_DETAIL_COLUMNS).first()
    if columns is None:
        raise NotThere
    (row,) = job_rows([columns])
    result: dict[str, Any] | None = None
    too_large = False
    if columns["status"] == JobStatus.COMPLETED:
        result = _result(job_id)
        too_large = result is None
    return {
        **row,
        "parameters": columns["parameters"],
        "result": result,
        "result_too_large": too_large,
        "error": columns["error"],
        "gpu_seconds": _gpu_seconds(job_id),
        "cancel": job_receipt(
            job_id,
            columns["cancel_requested_at"],
            columns["cancel_requested_by"],
            to_tenant=to_tenant,
        ),
    }


def new_job(job: Job, labels: Mapping[str, str], tenant: Tenant) -> JobDetail:
    """The same of a job that was stored a moment ago, as it was then: no query tells more."""
    columns = {name: getattr(job, name) for name in COLUMNS if name != "tenant__slug"}
    columns["tenant__slug"] = tenant.slug
    demo = bool(_demos([columns]))
    return {
        **_row(columns, dict(sorted(labels.items())), job.created_at, demo=demo),
        "parameters": job.parameters,
        "result": None,
        "result_too_large": False,
        "error": None,
        "gpu_seconds": None,
        "seq": job.seq,
        "cancel": None,
    }


def _demos(found: Iterable[dict[str, Any]]) -> set[UUID]:
    """The jobs of a built-in pipeline.

    A kept pipeline may have the same name; where the first task runs tells them apart.
    """
    known = registry()
    named = [columns["id"] for columns in found if columns["pipeline"] in known.pipelines]
    if not named:
        return set()
    engines = [engine.engine_id for engine in known.engines.values() if engine.demo]
    first = Task.objects.filter(job_id__in=named, position=0, engine_id__in=engines)
    return set(first.values_list("job_id", flat=True))


def _row(columns: dict[str, Any], labels: dict[str, str], now: datetime, *, demo: bool) -> JobRow:
    progress = {status: columns[f"{status}_tasks"] for status in COUNTED}
    return {
        "id": columns["id"],
        "tenant": columns["tenant__slug"],
        "name": columns["name"],
        "pipeline": columns["pipeline"],
        "status": columns["status"],
        "priority": columns["priority"],
        "labels": labels,
        "progress": {"total": columns["total_tasks"], **progress},
        "created_at": columns["created_at"],
        "started_at": columns["started_at"],
        "completed_at": columns["completed_at"],
        "duration_ms": elapsed_ms(columns["started_at"], columns["completed_at"] or now),
        "demo": demo,
        "raised": columns["raised_at"] is not None,
        "seq": columns["seq"],
    }


def _gpu_seconds(job_id: UUID) -> float | None:
    seen = Attempt.objects.filter(task__job_id=job_id)
    gpu_ms: int | None = seen.aggregate(total=Sum("gpu_ms"))["total"]
    return None if gpu_ms is None else float(gpu_ms) / 1000


def _result(job_id: UUID) -> dict[str, Any] | None:
    """The outputs of the tasks nothing depends on, unless they are too large together."""
    followed = TaskDependency.objects.filter(depends_on=OuterRef("pk"))
    last = Task.objects.filter(~Exists(followed), job_id=job_id)
    size_bytes = last.aggregate(size=Sum("output_bytes"))["size"] or 0
    if size_bytes > settings.CONSOLE_MAX_OUTPUT_BYTES:
        return None
    return dict(last.order_by("position").values_list("key", "output"))
