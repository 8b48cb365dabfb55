"""Who can do work, and the machines they run on."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from apps.workers.status import ONLINE, WorkerKind, WorkerStatus

if TYPE_CHECKING:
    pass


class Node(models.Model):
    """A machine on which workers run."""

    name = models.CharField(max_length=253, primary_key=True)
    first_seen_at = models.DateTimeField()
    drain_requested_at = models.DateTimeField(null=True)
    drain_requested_by = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A process that takes tasks (batch) or sessions (realtime).

    One row per process life: `boot_id` tells a restarted worker of the same name from its
    predecessor, and a boot whose lease ran out registers anew. `lease_until` is on the database's
    clock. `status` follows the facts; only `apps/workers/transitions.py` writes it.

    Proof that a batch worker consumes: `last_claim_at`, `last_finish_at`, and `canary_at`, when a
    message it sent to itself through its own queue last came back. `engines_hash` is over the
    definitions it runs with: workers of one engine should agree. `stale_reports` counts results
    that came after their task had been given to another.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=253)
    kind = models.CharField(max_length=8, choices=WorkerKind.choices)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="workers")
    boot_id = models.UUIDField(unique=True)
    pid = models.PositiveIntegerField(null=True)
    status = models.CharField(
        max_length=9, choices=WorkerStatus.choices, default=WorkerStatus.READY, editable=False
    )
    engines = models.JSONField(default=dict)
    endpoint = models.CharField(max_length=500, blank=True)
    capacity = models.PositiveIntegerField(default=0)
    model_names = models.JSONField(default=list)
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    last_heartbeat_at = models.DateTimeField()
    last_claim_at = models.DateTimeField(null=True)
    last_finish_at = models.DateTimeField(null=True)
    canary_at = models.DateTimeField(null=True)
    engines_hash = models.CharField(max_length=64, blank=True)
    stale_reports = models.PositiveIntegerField(default=0)
    drain_requested_at = models.DateTimeField(null=True)
    drain_requested_by = models.CharField(max_length=200, blank=True)
    stopped_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=WorkerStatus.values), name="worker_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=WorkerKind.values), name="worker_kind_is_known"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["kind", "lease_until"],
                condition=Q(status__in=sorted(ONLINE)),
                name="worker_online",
            ),
            models.Index(fields=["name", "-id"], name="worker_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Tick(models.Model):
    """The last time slot in which a periodic duty ran, so that each slot runs once however many
    beats and workers call for it.
    """

    name = models.CharField(max_length=40, primary_key=True)
    slot = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.slot}"
