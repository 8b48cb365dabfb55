"""What was asked for: jobs, their event log, pipelines and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from apps.jobs.bulk import BulkAction, BulkItem
from apps.jobs.search import Beginning, JobEngine, JobLabel
from apps.jobs.status import ACTIVE, JobStatus
from apps.tenants.models import Tenant
from apps.tenants.owned import TenantQuerySet

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BulkAction", "BulkItem", "FilePart", "Job", "JobEngine", "JobEvent", "JobLabel", "Pipeline",
    "StoredFile", "SubmitReceipt",
]  # fmt: skip

validate_pipeline_name = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?\Z",
    "Use lower-case letters, digits, dots, hyphens and underscores, at most 100 characters.",
)


class Job(models.Model):
    """A DAG of tasks, submitted by a tenant.

    ::

        pending ──► running ──► completed
           │         │ │
           │         │ └─────────────► failed ────┐
           │         ▼                   ▲        ├──► pending   (retry)
           ├──► cancelling ──────────────┤        │
           │         └────────► cancelled ────────┘
           └──────────────────► cancelled

    Every write happens under the row's lock, in `transitions.py`. The counters and `seq` move
    with the event log: they say what the log says, up to 50 ms behind a claim.
    `failing_at` is set from the first lost required task until the last process is gone.
    `raised_at`: staff put it before the jobs of all tenants.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="jobs")
    name = models.CharField(max_length=200)
    pipeline = models.CharField(max_length=100, null=True)
    status = models.CharField(
        max_length=10, choices=JobStatus.choices, default=JobStatus.PENDING, editable=False
    )
    priority = models.SmallIntegerField(
        default=0, validators=[MinValueValidator(-100), MaxValueValidator(100)]
    )
    parameters = models.JSONField(default=dict)
    error = models.TextField(null=True)
    seq = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    failing_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.CharField(max_length=200, null=True)
    raised_at = models.DateTimeField(null=True)
    raised_by = models.CharField(max_length=200, blank=True)
    deleted_at = models.DateTimeField(null=True)
    total_tasks = models.PositiveIntegerField(default=0)
    pending_tasks = models.PositiveIntegerField(default=0)
    ready_tasks = models.PositiveIntegerField(default=0)
    running_tasks = models.PositiveIntegerField(default=0)
    completed_tasks = models.PositiveIntegerField(default=0)
    failed_tasks = models.PositiveIntegerField(default=0)
    skipped_tasks = models.PositiveIntegerField(default=0)
    cancelled_tasks = models.PositiveIntegerField(default=0)

    objects = TenantQuerySet.as_manager()
    tenant_path = "tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=JobStatus.values), name="job_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=-100, priority__lte=100), name="job_priority_in_range"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["tenant", "-id"], condition=Q(deleted_at=None), name="job_by_tenant"
            ),
            models.Index(fields=["-id"], condition=Q(deleted_at=None), name="job_newest"),
            models.Index(
                fields=["status", "tenant"],
                condition=Q(status__in=sorted(ACTIVE), deleted_at=None),
                name="job_active",
            ),
            models.Index(
                fields=["status", "-id"], condition=Q(deleted_at=None), name="job_by_status"
            ),
            models.Index(
                fields=["tenant", "status", "-id"],
                condition=Q(deleted_at=None),
                name="job_by_tenant_status",
            ),
            models.Index(
                fields=["pipeline", "-id"], condition=Q(deleted_at=None), name="job_by_pipeline"
            ),
            models.Index(
                "tenant", Beginning("name"), condition=Q(deleted_at=None), name="job_by_name"
            ),
            models.Index(
                fields=["tenant", "completed_at"],
                condition=Q(deleted_at=None, completed_at__isnull=False),
                name="job_ended",
            ),
            models.Index(fields=["id"], condition=Q(deleted_at__isnull=False), name="job_to_purge"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class JobEvent(models.Model):
    """One change of a job and its tasks. Append-only; `seq` is dense per job.

    `changes` is `{"job": {…}, "tasks": [{"id", …}], "sets": [{"where": {…}, "changes": {…}}]}`:
    first the tasks one by one, then the sets; a `where` names statuses, ids, or no dependencies.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    type = models.CharField(max_length=40)
    actor = models.CharField(max_length=200)
    changes = models.JSONField()

    objects = TenantQuerySet.as_manager()
    tenant_path = "job__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["job", "seq"], name="job_event_seq"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}#{self.seq} {self.type}"


class SubmitReceipt(models.Model):
    """What an `Idempotency-Key` of a tenant was used for. It outlives the job it names."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    job_id = models.UUIDField()
    created_at = models.DateTimeField()

    objects = TenantQuerySet.as_manager()
    tenant_path = "tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "key"], name="submit_receipt_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at"], name="submit_receipt_age"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.key}"


class Pipeline(models.Model):
    """A named task graph: one tenant's, or shared where `tenant` is empty. Kept in the admin."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100, validators=[validate_pipeline_name])
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="pipelines",
        help_text="Empty: shared with every tenant.",
    )
    description = models.TextField(blank=True)
    tasks = models.JSONField(help_text="A list of tasks, as in a submission.")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TenantQuerySet.as_manager()
    tenant_path = "tenant"

    class Meta:
        ordering: ClassVar[Sequence[str]] = ["name"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["name", "tenant"], name="pipeline_name_once"),
            models.UniqueConstraint(
                fields=["name"], condition=Q(tenant=None), name="shared_pipeline_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StoredFile(models.Model):
    """A tenant's file. Its bytes lie in Django's default storage under `path`.

    `completed_at` is empty while a large upload still receives its parts.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=255, blank=True)
    part_bytes = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)

    objects = TenantQuerySet.as_manager()
    tenant_path = "tenant"

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant", "-id"], name="file_by_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class FilePart(models.Model):
    """One received part of a large upload, numbered from 1."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    path = models.CharField(max_length=255)

    tenant_path = "file__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["file", "number"], name="file_part_once"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} part {self.number}"
