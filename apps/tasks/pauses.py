"""Pausing an engine or a tenant: nothing more of it is claimed; what runs goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from apps.jobs.transitions import NotThere
from apps.tasks.bell import ring_on_commit
from apps.tasks.engines.registry import registry
from apps.tasks.models import EnginePause, WaitSpan
from apps.tasks.status import WaitReason
from apps.tenants import audit
from apps.tenants.clock import database_now
from apps.tenants.models import Tenant

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from apps.tenants.audit import Actor

ALL_ENGINES = ""
"""The `engine_id` of the one span that a paused tenant has, whichever engines it waits for."""


def pause_engine(engine_id: str, actor: Actor) -> None:
    """Nothing of the engine is claimed until it is resumed. Raises NotThere."""
    if engine_id not in registry().engines:
        raise NotThere
    with transaction.atomic():
        now = database_now()
        pause, created = EnginePause.objects.get_or_create(
            engine_id=engine_id, defaults={"paused_at": now, "paused_by": actor.name}
        )
        if created:
            _open(engine_id, None, WaitReason.ENGINE_PAUSED, now)
            audit.record(actor, "pause", pause)


def resume_engine(engine_id: str, actor: Actor) -> None:
    """Claim again. Raises NotThere."""
    if engine_id not in registry().engines:
        raise NotThere
    with transaction.atomic():
        pause = EnginePause.objects.select_for_update().filter(engine_id=engine_id).first()
        if pause is None:
            return
        audit.record(actor, "resume", pause, before={"paused_at": pause.paused_at})
        pause.delete()
        _close(engine_id, None, WaitReason.ENGINE_PAUSED)
        ring_on_commit([engine_id])


def pause_tenant(slug: str, actor: Actor) -> None:
    """Nothing of the tenant is claimed until it is resumed. Raises NotThere."""
    with transaction.atomic():
        tenant = _locked(slug)
        if tenant.paused_at is not None:
            return
        tenant.paused_at, tenant.paused_by = database_now(), actor.name
        tenant.save(update_fields=["paused_at", "paused_by"])
        _open(ALL_ENGINES, tenant.pk, WaitReason.TENANT_PAUSED, tenant.paused_at)
        audit.record(actor, "pause", tenant, tenant=tenant)


def resume_tenant(slug: str, actor: Actor) -> None:
    """Claim again. Every engine is rung: to find those it waits for would read all its tasks."""
    with transaction.atomic():
        tenant = _locked(slug)
        if tenant.paused_at is None:
            return
        before = {"paused_at": tenant.paused_at, "paused_by": tenant.paused_by}
        tenant.paused_at, tenant.paused_by = None, ""
        tenant.save(update_fields=["paused_at", "paused_by"])
        _close(ALL_ENGINES, tenant.pk, WaitReason.TENANT_PAUSED)
        audit.record(actor, "resume", tenant, tenant=tenant, before=before)
        ring_on_commit(registry().engines)


def _locked(slug: str) -> Tenant:
    tenant = Tenant.objects.select_for_update(no_key=True).filter(slug=slug).first()
    if tenant is None:
        raise NotThere
    return tenant


def _open(engine_id: str, tenant_id: UUID | None, reason: WaitReason, at: datetime) -> None:
    WaitSpan.objects.create(engine_id=engine_id, tenant_id=tenant_id, reason=reason, began_at=at)


def _close(engine_id: str, tenant_id: UUID | None, reason: WaitReason) -> None:
    spans = WaitSpan.objects.filter(engine_id=engine_id, tenant_id=tenant_id, reason=reason)
    spans.filter(ended_at=None).update(ended_at=database_now())
