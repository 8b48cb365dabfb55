"""Who can do work, and the machines they run on."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from apps.tenants.models import Tenant
from apps.tenants.owned import TenantQuerySet
from apps.workers.card_models import Gpu, GpuMinute, GpuQuarter, GpuSample, NodeCards, WorkerHosts
from apps.workers.status import ONLINE, OPEN, SessionStatus, WorkerKind, WorkerStatus

__all__ = [
    "Gpu", "GpuMinute", "GpuQuarter", "GpuSample", "Node", "NodeCards", "ServedModel", "Session",
    "Tick", "Worker", "WorkerHosts",
]  # fmt: skip


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

    Of a realtime worker: `active` counts its open sessions, and changes in the transaction that
    opens or closes one, under this row's lock. `beat_number` is that of its last heartbeat, `said`
    the status it gave there. At `drain_deadline_at` the sessions that are left are ended.
    `superseded_at`: a newer boot of the same name has come.
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
    drain_deadline_at = models.DateTimeField(null=True)
    active = models.PositiveIntegerField(default=0)
    beat_number = models.BigIntegerField(default=0)
    said = models.CharField(max_length=9, blank=True, choices=WorkerStatus.choices)
    stopped_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=WorkerStatus.values), name="worker_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(kind=WorkerKind.REALTIME, superseded_at=None),
                name="worker_one_life",
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


class ServedModel(models.Model):
    """A model that a realtime worker serves: what the router finds workers by."""

    worker = models.ForeignKey(
        Worker, on_delete=models.CASCADE, related_name="served", db_index=False
    )
    model = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["worker", "model"], name="served_model_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["model", "worker"], name="served_by"),
        ]

    def __str__(self) -> str:
        return f"{self.worker_id} {self.model}"


class Session(models.Model):
    """A tenant's place at a realtime worker.

    `offered → active → ended | expired | lost`; one that is still offered may end, expire or be
    lost too. Opened by `router.py`; `sessions.py` moves it, under its worker's lock.

    It expires at `connect_by` while its worker has not listed it, and at `expires_at`, which
    heartbeats put off by `ttl_seconds`: those of its worker, and its tenant's, the last of which
    came at `renewed_at`. `unlisted_since`: the worker had listed it, and no longer
    does. `placement`: how the router came to this worker. `idempotency_key` is forgotten after a
    day.
    """

    tenant_path = "tenant"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    worker = models.ForeignKey(
        Worker, on_delete=models.PROTECT, related_name="sessions", db_index=False
    )
    model = models.CharField(max_length=100)
    status = models.CharField(
        max_length=7, choices=SessionStatus.choices, default=SessionStatus.OFFERED, editable=False
    )
    metadata = models.JSONField(default=dict)
    ttl_seconds = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    connect_by = models.DateTimeField()
    expires_at = models.DateTimeField()
    renewed_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    unlisted_since = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)
    created_by = models.CharField(max_length=200)
    placement = models.JSONField(default=dict)
    idempotency_key = models.CharField(max_length=200, null=True)
    request_hash = models.CharField(max_length=64, blank=True)

    objects = TenantQuerySet["Session"].as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=SessionStatus.values), name="session_status_is_known"
            ),
            models.UniqueConstraint(
                fields=["tenant", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="session_key_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["worker"], condition=Q(status__in=sorted(OPEN)), name="session_by_worker"
            ),
            models.Index(
                fields=["tenant"], condition=Q(status__in=sorted(OPEN)), name="session_by_tenant"
            ),
            models.Index(
                fields=["expires_at"], condition=Q(status__in=sorted(OPEN)), name="session_expires"
            ),
            models.Index(
                fields=["connect_by"],
                condition=Q(status=SessionStatus.OFFERED),
                name="session_offered",
            ),
            models.Index(fields=["model", "-created_at"], name="session_arrivals"),
            models.Index(
                fields=["created_at"],
                condition=Q(idempotency_key__isnull=False),
                name="session_keys",
            ),
            models.Index(
                fields=["model", "-ended_at"],
                condition=Q(ended_at__isnull=False),
                name="session_lengths",
            ),
            models.Index(fields=["tenant", "-id"], name="session_list"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.status}"


class Tick(models.Model):
    """The last time slot in which a periodic duty ran, so that each slot runs once however many
    beats and workers call for it.
    """

    name = models.CharField(max_length=40, primary_key=True)
    slot = models.BigIntegerField(default=0)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.slot}"
