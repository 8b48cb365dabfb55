"""The work: tasks, their dependencies, attempts, logs and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from apps.jobs.models import Job, StoredFile
from apps.tasks.status import AttemptOutcome, TaskStatus
from apps.tenants.scoping import TenantQuerySet
from apps.workers.models import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    `transitions.py`. `attempt` only ever rises and is the fence: a worker's report counts only
    for the attempt it claimed. `remaining` counts dependencies that have not ended.
    `tenant_id` and `priority` are copied from the job for the claim's index alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="tasks")
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
    worker = models.ForeignKey(Worker, on_delete=models.SET_NULL, null=True, related_name="tasks")
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
                fields=["worker"], condition=Q(status=TaskStatus.RUNNING), name="task_in_hand"
            ),
            models.Index(
                fields=["tenant_id"], condition=Q(status=TaskStatus.RUNNING), name="task_share"
            ),
            models.Index(
                fields=["tenant_id", "ready_at"],
                condition=Q(status=TaskStatus.READY),
                name="task_oldest_wait",
            ),
            models.Index(
                fields=["retry_at"],
                condition=Q(status=TaskStatus.PENDING, retry_at__isnull=False),
                name="task_retry_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.id})"


class TaskDependency(models.Model):
    """`task` starts only when `depends_on` has ended well, or is optional and has ended."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="dependencies")
    depends_on = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="dependents")

    tenant_path = "task__job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "depends_on"], name="task_dependency_once"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} after {self.depends_on_id}"


class Attempt(models.Model):
    """One run of a task. Written with the started event, ended with the outcome."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    worker = models.ForeignKey(
        Worker, on_delete=models.SET_NULL, null=True, related_name="attempts"
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, choices=AttemptOutcome.choices, null=True)
    error = models.TextField(null=True)
    error_code = models.CharField(max_length=60, null=True)
    gpu_memory_peak_mb = models.PositiveIntegerField(null=True)

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


class TaskLog(models.Model):
    """A chunk of an attempt's log: lines `first_n` to `last_n`, zlib-compressed JSON.

    The head and the tail of a long log are kept; chunks between them are dropped, which shows as
    a gap in the numbers.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="log_chunks")
    attempt = models.PositiveIntegerField()
    first_n = models.PositiveIntegerField()
    last_n = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    body = models.BinaryField()

    tenant_path = "task__job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "attempt", "first_n"], name="task_log_once"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}/{self.attempt} lines {self.first_n}-{self.last_n}"


class TaskFile(models.Model):
    """A file that a completed attempt of a task left behind."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="files")
    attempt = models.PositiveIntegerField()
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="left_by")

    tenant_path = "task__job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "file"], name="task_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} of {self.task_id}"
