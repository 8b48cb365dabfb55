"""Submitting a job: a checked graph becomes rows, once per idempotency key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from uuid_utils.compat import uuid7

from apps.jobs import files
from apps.jobs.models import Job, Pipeline, SubmitReceipt
from apps.jobs.status import ACTIVE
from apps.jobs.transitions import require_active
from apps.tasks import graph, new_job
from apps.tasks.bell import ring_on_commit
from apps.tasks.engines.registry import registry
from apps.tasks.models import TaskDependency
from apps.tasks.raising import RAISED_BY
from apps.tenants.clock import database_now
from apps.tenants.crash import point
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from apps.tenants.audit import Actor

RECEIPT_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a tenant asks for: a pipeline's name or a raw list of tasks, never both."""

    name: str
    pipeline: str | None
    tasks: object
    parameters: dict[str, Any]
    priority: int
    labels: dict[str, str]


class IdempotencyConflict(Exception):
    """The key was used before, for something else."""


class QuotaExceeded(Exception):
    """The tenant has all it may have; `quota` names the field, `limit` its value."""

    def __init__(self, quota: str, limit: int) -> None:
        super().__init__(f"The quota {quota} of {limit} is used up.")
        self.quota = quota
        self.limit = limit


def submit(
    tenant: Tenant, submission: Submission, actor: Actor, idempotency_key: str | None = None
) -> tuple[Job, bool]:
    """Store a job with its tasks and ring their engines; `False` when the key was known.

    Raises GraphError, ValidationError (files), IdempotencyConflict, QuotaExceeded: nothing is
    stored then.
    """
    body_hash = _canonical_hash(submission) if idempotency_key else ""
    if idempotency_key and (job := _known(tenant, idempotency_key, body_hash)):
        return job, False
    specs = _plan(tenant, submission)
    _check_files(tenant, submission, specs)
    job_id = uuid7()
    with transaction.atomic():
        if idempotency_key and not _take_key(tenant, idempotency_key, body_hash, job_id):
            job = _known(tenant, idempotency_key, body_hash)
            if job is None:
                raise IdempotencyConflict("The key is in use by a request under way.")
            return job, False
        _check_quota(tenant)
        transaction.on_commit(lambda: point("submit.after_commit"))
        ring_on_commit(spec.engine_id for spec in specs if not spec.depends_on)
        point("submit.before_commit")
        job = new_job.store(tenant, job_id, submission, specs, actor)
    point("submit.before_answer")
    return job, True


def clone(job: Job, actor: Actor, parameters: dict[str, Any] | None) -> Job:
    """A new job with the same tasks, and other parameters where given.

    Raises like `submit`, and InvalidTransition when the tenant is inactive.
    """
    require_active(job)
    labels = dict(job.labels.values_list("name", "value"))
    submission = Submission(
        name=job.name,
        pipeline=job.pipeline,
        tasks=None,
        parameters=job.parameters if parameters is None else parameters,
        priority=job.priority,
        labels=labels,
    )
    specs = _parse(_tasks_of(job))
    _check_files(job.tenant, submission, specs)
    with transaction.atomic():
        _check_quota(job.tenant)
        ring_on_commit(spec.engine_id for spec in specs if not spec.depends_on)
        return new_job.store(job.tenant, uuid7(), submission, specs, actor, cloned_from=str(job.id))


def _plan(tenant: Tenant, submission: Submission) -> list[graph.TaskSpec]:
    tasks = submission.tasks
    if (submission.pipeline is None) == (tasks is None):
        detail = "Give either a pipeline or tasks."
        raise graph.GraphError([graph.FieldError("pipeline", "invalid", detail)])
    if submission.pipeline is not None:
        tasks = _pipeline_tasks(tenant, submission.pipeline)
    return _parse(tasks)


def _parse(tasks: object) -> list[graph.TaskSpec]:
    return graph.parse(
        tasks,
        registry().engines,
        max_tasks=settings.CONSOLE_MAX_TASKS,
        max_edges=settings.CONSOLE_MAX_EDGES,
    )


def _pipeline_tasks(tenant: Tenant, name: str) -> object:
    """The tenant's own pipeline of that name, else the shared one, else the built-in one."""
    own = Pipeline.objects.of(tenant).filter(name=name, active=True).first()
    shared = own or Pipeline.objects.filter(tenant=None, name=name, active=True).first()
    if shared is not None:
        return shared.tasks
    builtin = registry().pipelines.get(name)
    if builtin is None:
        detail = f"There is no pipeline {name!r}."
        raise graph.GraphError([graph.FieldError("pipeline", "unknown", detail)])
    return builtin.tasks


def _check_files(tenant: Tenant, submission: Submission, specs: Sequence[graph.TaskSpec]) -> None:
    wanted = files.references(submission.parameters)
    for spec in specs:
        wanted |= files.references(spec.config)
    files.resolve(tenant.id, wanted)


def _check_quota(tenant: Tenant) -> None:
    """Counted under the tenant's lock, so that parallel submits cannot pass together."""
    if tenant.max_active_jobs is None:
        return
    Tenant.objects.select_for_update(no_key=True).get(id=tenant.id)
    active = Job.objects.of(tenant).filter(status__in=ACTIVE, deleted_at=None).count()
    if active >= tenant.max_active_jobs:
        raise QuotaExceeded("max_active_jobs", tenant.max_active_jobs)


def _known(tenant: Tenant, key: str, body_hash: str) -> Job | None:
    since = database_now() - RECEIPT_LIFE
    receipt = SubmitReceipt.objects.of(tenant).filter(key=key, created_at__gte=since).first()
    if receipt is None:
        return None
    if receipt.body_hash != body_hash:
        raise IdempotencyConflict("The key was used for a different body.")
    job = Job.objects.of(tenant).filter(id=receipt.job_id, deleted_at=None).first()
    if job is None:
        raise IdempotencyConflict("The key was used for a job that has been deleted.")
    return job


def _take_key(tenant: Tenant, key: str, body_hash: str, job_id: UUID) -> bool:
    now = database_now()
    receipts = SubmitReceipt.objects.of(tenant).filter(key=key)
    receipts.filter(created_at__lt=now - RECEIPT_LIFE).delete()
    receipt = SubmitReceipt(
        tenant=tenant, key=key, body_hash=body_hash, job_id=job_id, created_at=now
    )
    SubmitReceipt.objects.bulk_create([receipt], ignore_conflicts=True)
    return receipts.filter(job_id=job_id).exists()


def _canonical_hash(submission: Submission) -> str:
    text = json.dumps(asdict(submission), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _tasks_of(job: Job) -> list[dict[str, Any]]:
    """As they were submitted: what a mapped task became is left out."""
    edges: dict[UUID, list[str]] = {}
    submitted = TaskDependency.objects.filter(task__job=job, depends_on__mapped_from=None)
    for task_id, key in submitted.values_list("task_id", "depends_on__key"):
        edges.setdefault(task_id, []).append(key)
    return [
        {
            "key": task.key,
            "engine_id": task.engine_id,
            "stage": task.stage,
            "depends_on": edges.get(task.id, []),
            "required": task.required,
            "config": task.config,
            "max_retries": task.max_retries,
            "timeout_seconds": task.timeout_seconds,
            "priority": task.priority - (RAISED_BY if job.raised_at else 0),
            "map": task.map_spec,
        }
        for task in job.tasks.filter(mapped_from=None).order_by("position").defer("output")
    ]
