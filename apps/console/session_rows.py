"""Realtime sessions as the API shows them, read in a constant number of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from apps.console.elapsed import elapsed_ms
from apps.workers import estimates, told
from apps.workers.models import Session
from apps.workers.status import OPEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from apps.tenants.models import Tenant
    from apps.tenants.owned import TenantQuerySet

MOST_HELD = 50
COLUMNS = (
    "id", "tenant__slug", "model", "status", "worker_id", "worker__endpoint", "worker__name",
    "metadata", "ttl_seconds", "created_at", "connect_by", "expires_at", "renewed_at", "started_at",
    "ended_at", "end_reason",
)  # fmt: skip


class SessionWorker(TypedDict):
    """Where a session is held. `name` is for staff."""

    id: UUID
    endpoint: str
    name: str | None


class SessionRow(TypedDict):
    """A session in a list."""

    id: UUID
    tenant: str
    model: str
    status: str
    worker: SessionWorker
    metadata: dict[str, Any]
    ttl_seconds: int
    created_at: datetime
    connect_by: datetime
    expires_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    duration_ms: int | None


class SessionDetail(SessionRow):
    """A session on its own. `placement` is for staff."""

    placement: dict[str, Any] | None


class HeldSession(TypedDict):
    """A session that a worker has in hand."""

    session_id: UUID
    tenant: str
    model: str
    status: str
    created_at: datetime


def session_rows(found: Iterable[Mapping[str, Any]], *, to_tenant: bool) -> list[SessionRow]:
    """Rows of `values(*COLUMNS)`, in their order."""
    now = timezone.now()
    return [_row(values, now, to_tenant=to_tenant) for values in found]


def session_detail(session_id: UUID, *, to_tenant: bool) -> SessionDetail:
    """One session. Raises Session.DoesNotExist."""
    values = Session.objects.filter(id=session_id).values(*COLUMNS, "placement").get()
    row = _row(values, timezone.now(), to_tenant=to_tenant)
    return {**row, "placement": None if to_tenant else values["placement"]}


def _row(values: Mapping[str, Any], now: datetime, *, to_tenant: bool) -> SessionRow:
    return {
        "id": values["id"],
        "tenant": values["tenant__slug"],
        "model": values["model"],
        "status": values["status"],
        "worker": {
            "id": values["worker_id"],
            "endpoint": values["worker__endpoint"],
            "name": None if to_tenant else values["worker__name"],
        },
        "metadata": values["metadata"],
        "ttl_seconds": values["ttl_seconds"],
        "created_at": values["created_at"],
        "connect_by": values["connect_by"],
        "expires_at": _told_expiry(values, now) if to_tenant else values["expires_at"],
        "started_at": values["started_at"],
        "ended_at": values["ended_at"],
        "end_reason": values["end_reason"] or None,
        "duration_ms": elapsed_ms(values["started_at"], values["ended_at"] or now),
    }


def _told_expiry(values: Mapping[str, Any], now: datetime) -> datetime:
    renewed_at = values["renewed_at"] or values["created_at"]
    until = values["ended_at"] or now
    return told.expiry(values["expires_at"], renewed_at, values["ttl_seconds"], until)


# In hand -----------------------------------------------------------------------------------------


def open_sessions(tenant: Tenant | None) -> TenantQuerySet[Session]:
    """Those that hold a place; None: of all tenants."""
    found = Session.objects.filter(status__in=OPEN)
    return found if tenant is None else found.of(tenant)


def held_sessions(
    worker_ids: Collection[UUID], tenant: Tenant | None
) -> dict[UUID, list[HeldSession]]:
    """The first 50 that each of these workers has in hand."""
    place = Window(RowNumber(), partition_by=F("worker_id"), order_by=F("id").asc())
    found = open_sessions(tenant).filter(worker_id__in=worker_ids).annotate(place=place)
    columns = ("worker_id", "id", "tenant__slug", "model", "status", "created_at")
    held: dict[UUID, list[HeldSession]] = {}
    for row in found.filter(place__lte=MOST_HELD).order_by("id").values_list(*columns):
        worker_id, session_id, slug, model, status, created_at = row
        held.setdefault(worker_id, []).append(
            {
                "session_id": session_id,
                "tenant": slug,
                "model": model,
                "status": status,
                "created_at": created_at,
            }
        )
    return held


def empty_in(worker_ids: Collection[UUID]) -> dict[UUID, int | None]:
    """In how many seconds each of these workers is likely to have no session left."""
    if not worker_ids:
        return {}
    found: dict[UUID, list[tuple[str, datetime]]] = {worker_id: [] for worker_id in worker_ids}
    rows = open_sessions(None).filter(worker_id__in=worker_ids)
    for worker_id, model, since in rows.values_list("worker_id", "model", "created_at"):
        found[worker_id].append((model, since))
    usual = estimates.usual_lengths(model for held in found.values() for model, _ in held)
    now = timezone.now()
    return {
        worker_id: estimates.empty_in_seconds(held, usual, now) for worker_id, held in found.items()
    }
