"""The work: tasks, their dependencies and attempts, and what keeps them waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from apps.jobs.models import Job
from apps.tasks.history import Pruned, UsageDay, UsageDelta, UsageHour
from apps.tasks.hold_models import CardHold
from apps.tasks.left import TaskFile, TaskLog
from apps.tasks.status import AttemptOutcome, TaskStatus, WaitReason
from apps.tenants.owned import TenantQuerySet
from apps.workers.models import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "IN_ORDER", "Attempt", "CardHold", "EnginePause", "Pruned", "Task", "TaskDependency",
    "TaskFile", "TaskLog", "UsageDay", "UsageDelta", "UsageHour", "WaitSpan",
]  # fmt: skip


class Task(models.Model):
    """One node of a job's DAG.

    ::

        pending ──► ready ──► running ──► completed
          ▲ │         │ ▲        │ ├────► failed
          │ │         │ └────────┤ └────► cancelled
          │ └─► skipped ◄┘       │
          │     cancelled        │
          └──────────────────────┘   (waits for a retry; a lost worker's goes to ready)

    `claims.py` moves it to running; every other move happens under the job's lock, in
    `transitions.py` and, for templates, in `mapping.py`. `attempt` only ever rises and is the
    fence: a worker's report counts only for the attempt it claimed. `remaining` counts
    dependencies that have not ended.
    `tenant_id` and `priority` are copied from the job for the claim's index alone; a raised job's
    tasks have 1,000 added to theirs.

    A task with a `map_spec` never runs: when what it maps over completes it gets one instance
    per element (`mapped_from`, `map_index`), waits for them, and goes from pending to completed
    with their outputs, or to failed when there is no list. Instances share its `position`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    tenant_id = models.UUIDField(editable=False)
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=200)
    stage = models.CharField(max_length=100)
    engine_id = models.CharField(max_length=100)
    status = models.CharField(
        max_length=9, choices=TaskStatus.choices, default=TaskStatus.PENDING, editable=False
    )
    required = models.BooleanField(default=True)
    priority = models.SmallIntegerField(default=0)
    config = models.JSONField(default=dict)
    max_retries = models.PositiveSmallIntegerField(default=2)
    timeout_seconds = models.FloatField(null=True)
    remaining = models.PositiveIntegerField(default=0)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)
    worker = models.ForeignKey(
        Worker, on_delete=models.SET_NULL, null=True, related_name="tasks", db_index=False
    )
    ready_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    progress = models.FloatField(null=True)
    output = models.JSONField(null=True)
    output_bytes = models.PositiveIntegerField(default=0)
    error = models.TextField(null=True)
    error_code = models.CharField(max_length=60, null=True)
    reason = models.TextField(null=True)
    seq = models.PositiveIntegerField(default=0)
    map_spec = models.JSONField(null=True)
    mapped_from = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, related_name="instances", db_index=False
    )
    map_index = models.PositiveIntegerField(null=True)

    objects = TenantQuerySet.as_manager()
    tenant_path = "job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=TaskStatus.values), name="task_status_is_known"
            ),
            models.UniqueConstraint(fields=["job", "key"], name="task_key_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["engine_id", "tenant_id", "-priority", "id"],
                condition=Q(status=TaskStatus.READY),
                name="task_claim",
            ),
            models.Index(
                fields=["mapped_from"],
                condition=Q(mapped_from__isnull=False),
                name="task_instances",
            ),
            models.Index(
                fields=["error_code", "-job"],
                condition=Q(status=TaskStatus.FAILED),
                name="task_failed_so",
            ),
            models.Index(
                fields=["worker"], condition=Q(status=TaskStatus.RUNNING), name="task_in_hand"
            ),
            models.Index(
                fields=["tenant_id", "engine_id"],
                condition=Q(status=TaskStatus.RUNNING),
                name="task_share",
            ),
            models.Index(
                fields=["engine_id", "tenant_id", "ready_at"],
                # Says more than "ready", so that no plan takes it for a claim's walk.
                condition=Q(status=TaskStatus.READY, ready_at__isnull=False),
                name="task_oldest_wait",
            ),
            models.Index(
                fields=["retry_at"],
                condition=Q(status=TaskStatus.PENDING, retry_at__isnull=False),
                name="task_retry_due",
            ),
            models.Index(
                fields=["id"],
                condition=Q(status=TaskStatus.PENDING, remaining=0, retry_at=None),
                name="task_missed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.id})"


IN_ORDER = ("position", F("map_index").asc(nulls_first=True))
"""As submitted, each template before its instances."""


class TaskDependency(models.Model):
    """`task` starts only when `depends_on` has ended well, or is optional and has ended."""

    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="dependencies", db_index=False
    )
    depends_on = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="dependents")

    tenant_path = "task__job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "depends_on"], name="task_dependency_once"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} after {self.depends_on_id}"


class Attempt(models.Model):
    """One run of a task. Written with the started event, ended with the outcome.

    `ready_at` is when the task had become ready for it.
    The receipt of a cancel: asked for (`cancel_requested_at`), signal sent, process gone, slot
    free again. `stale`: it was given up as lost, and its result came after all and was refused.

    `gpu_ms` and the peak are added to while it runs, by whoever samples its machine's cards; on
    two cards a second is two. `autopsy`: what was on its cards in the minute before it died.
    """

    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    number = models.PositiveIntegerField()
    worker = models.ForeignKey(
        Worker, on_delete=models.SET_NULL, null=True, related_name="attempts", db_index=False
    )
    ready_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, choices=AttemptOutcome.choices, null=True)
    error = models.TextField(null=True)
    error_code = models.CharField(max_length=60, null=True)
    gpu_memory_peak_mb = models.PositiveIntegerField(null=True)
    gpu_ms = models.BigIntegerField(null=True)
    autopsy = models.JSONField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    signalled_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    freed_at = models.DateTimeField(null=True)

    tenant_path = "task__job__tenant"

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "number"], name="attempt_once"),
            models.CheckConstraint(
                condition=Q(outcome__in=AttemptOutcome.values) | Q(outcome=None),
                name="attempt_outcome_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} attempt {self.number}"


class EnginePause(models.Model):
    """While a row is there, nothing of the engine is claimed."""

    engine_id = models.CharField(max_length=100, primary_key=True)
    paused_at = models.DateTimeField()
    paused_by = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.engine_id


class WaitSpan(models.Model):
    """A time in which the ready tasks of an engine, or of one tenant, could not start.

    `engine_id` is empty where a tenant's tasks of all engines could not. Written by the verbs
    that begin and end it and by the sweep. What kept one task waiting is its own wait cut with
    these; so a million waiting tasks cost no row.
    """

    engine_id = models.CharField(max_length=100)
    tenant_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=20, choices=WaitReason.choices)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["engine_id", "tenant_id", "reason"],
                condition=Q(ended_at=None, tenant_id__isnull=False),
                name="wait_span_open_once",
            ),
            models.UniqueConstraint(
                fields=["engine_id", "reason"],
                condition=Q(ended_at=None, tenant_id=None),
                name="wait_span_open_once_for_all",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["engine_id", "tenant_id", "ended_at"], name="wait_span_of"),
            models.Index(fields=["ended_at"], name="wait_span_age"),
        ]

    def __str__(self) -> str:
        return f"{self.engine_id} {self.reason}"
