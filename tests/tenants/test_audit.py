"""The trail: who, what, from where; no secrets; gone with the transaction that failed."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from apps.tenants.audit import SYSTEM, Actor, record
from apps.tenants.models import AuditEntry
from tests.factories import make_staff, make_tenant

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_did_what_from_where() -> None:
    ada = make_staff()
    actor = Actor("user:ada", user_id=ada.pk, address="10.0.0.1", request_id="r1")
    tenant = make_tenant()
    record(actor, "pause", tenant, tenant=tenant.pk, after={"at": timezone.now()})
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.user, entry.tenant, entry.action) == (
        "user:ada",
        ada,
        tenant,
        "pause",
    )
    assert (entry.object_type, entry.object_id) == ("tenant", str(tenant.pk))
    assert (entry.address, entry.request_id) == ("10.0.0.1", "r1")


def test_fields_that_hold_secrets_are_left_out() -> None:
    record(SYSTEM, "update", make_tenant(), before={"digest": "d", "name": "n"})
    assert AuditEntry.objects.get().before == {"name": "n"}


def test_an_overlong_request_id_is_cut() -> None:
    record(Actor("system", request_id="x" * 500), "update", make_tenant())
    assert len(AuditEntry.objects.get().request_id) == 100


def test_what_was_rolled_back_leaves_no_entry() -> None:
    with transaction.atomic():
        record(SYSTEM, "update", make_tenant())
        transaction.set_rollback(True)
    assert not AuditEntry.objects.exists()
