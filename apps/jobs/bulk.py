"""What was asked for on many jobs at once, and how each fared. `apps/tasks/bulk.py` writes it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from apps.jobs.status import BulkResult, BulkVerb
from apps.tenants.models import Tenant
from apps.tenants.owned import TenantQuerySet


class BulkAction(models.Model):
    """One verb on many jobs, whose ids were fixed when it was asked for.

    `tenant` is empty where staff asked for all tenants; `actor` is who asked, to do it as them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=10, choices=BulkVerb.choices)
    actor = models.JSONField()
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)

    objects = TenantQuerySet.as_manager()
    tenant_path = "tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(action__in=BulkVerb.values), name="bulk_action_is_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], condition=Q(completed_at=None), name="bulk_action_open"),
        ]

    def __str__(self) -> str:
        return f"{self.action} ({self.id})"


class BulkItem(models.Model):
    """What became of one job of a bulk action; `result` is empty until it was its turn.

    A turn is one transaction: what is done to the job and the result are stored together.
    """

    bulk = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="items")
    job_id = models.UUIDField()
    result = models.CharField(max_length=20, choices=BulkResult.choices, blank=True)
    detail = models.TextField(blank=True)

    objects = TenantQuerySet.as_manager()
    tenant_path = "bulk__tenant"

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["bulk", "job_id"], name="bulk_item_once"),
            models.CheckConstraint(
                condition=Q(result__in=["", *BulkResult.values]), name="bulk_item_result_is_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["bulk", "result", "job_id"], name="bulk_item_next"),
        ]

    def __str__(self) -> str:
        return f"{self.bulk_id} {self.job_id}"
