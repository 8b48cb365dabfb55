"""What stays of what has ended: deltas, and the sums they are folded into by hour and by day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from apps.tenants.models import Tenant
from apps.tenants.owned import TenantQuerySet


class UsageDelta(models.Model):
    """One end of an attempt or a job, as it was settled. Append-only; `rollups.py` folds it.

    `engine_id` is empty where a job ended. `status`: how the task or job ended; `retried` where
    the task has to run again, `returned` where its run was handed back; `gpu` where nothing ended
    and the delta only adds GPU time.
    """

    at = models.DateTimeField()
    tenant_id = models.UUIDField()
    job_id = models.UUIDField()
    engine_id = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=10)
    wait_ms = models.BigIntegerField(null=True)
    duration_ms = models.BigIntegerField(null=True)
    gpu_ms = models.BigIntegerField(db_default=0)

    def __str__(self) -> str:
        return f"{self.job_id} {self.engine_id} {self.status}"


class UsageSum(models.Model):
    """What of a tenant ended in a span of time that begins at `starts_at`.

    `engine_id` is empty for jobs, a task's otherwise. `label` is empty for everything, and
    `name:value` for what carries that label. `durations` (of completed runs) and `waits` are
    histograms: see `histogram.py`. `wait_ms`, `duration_ms` and `gpu_ms` are totals over all runs.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    starts_at = models.DateTimeField()
    engine_id = models.CharField(max_length=100, blank=True)
    label = models.CharField(max_length=264, blank=True)
    completed = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    cancelled = models.BigIntegerField(default=0)
    retried = models.BigIntegerField(default=0)
    wait_ms = models.BigIntegerField(default=0)
    duration_ms = models.BigIntegerField(default=0)
    gpu_ms = models.BigIntegerField(default=0)
    durations = models.JSONField(default=dict)
    waits = models.JSONField(default=dict)

    objects = TenantQuerySet.as_manager()
    tenant_path = "tenant"

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["tenant", "starts_at", "label", "engine_id"], name="%(class)s_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["starts_at", "tenant"], condition=Q(label=""), name="%(class)s_of_all"
            ),
            models.Index(fields=["starts_at"], name="%(class)s_age"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.starts_at:%Y-%m-%d %H:%M} {self.engine_id} {self.label}"


class UsageHour(UsageSum):
    """An hour of a tenant."""


class UsageDay(UsageSum):
    """A day of a tenant, by UTC: the sum of its hours, so that a year is not 8,760 rows long."""


class Pruned(models.Model):
    """How far retention has come: what belongs to jobs that ended before `until` is gone.

    One row per tenant and kind of thing, so that no run looks again at what was done.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10)
    until = models.DateTimeField()

    objects = TenantQuerySet.as_manager()
    tenant_path = "tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["tenant", "kind"], name="pruned_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.kind} {self.until}"
