"""The admin: what it shows, what it lets nobody do, and keys that are shown once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.jobs.models import Job, Pipeline
from apps.tenants import keys
from apps.tenants.admin_base import CappedPaginator
from apps.tenants.audit import SYSTEM
from apps.tenants.models import AuditEntry, Tenant, User
from tests.factories import issue_key, make_staff, make_tenant, staff_client

pytestmark = pytest.mark.django_db

OURS = [model for model in admin.site._registry if model.__module__.startswith("apps.")]


@pytest.fixture
def root() -> Client:
    return staff_client(make_staff("root", superuser=True))


def url(model: type[Any], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def make_job(tenant: Tenant) -> Job:
    now = timezone.now()
    return Job.objects.create(
        tenant=tenant, name="nightly", created_at=now, changed_at=now, created_by="system"
    )


@pytest.mark.parametrize("model", OURS)
def test_every_list_opens(root: Client, model: type[Any]) -> None:
    issue_key()
    assert root.get(url(model, "changelist")).status_code == 200


@pytest.mark.parametrize("model", OURS)
def test_no_list_offers_to_delete(root: Client, model: type[Any]) -> None:
    assert b"delete_selected" not in root.get(url(model, "changelist")).content


@pytest.mark.parametrize("model", OURS)
def test_no_list_counts_without_a_bound(root: Client, model: type[Any]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        root.get(url(model, "changelist"))
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)


@pytest.mark.parametrize("model", OURS)
def test_no_page_has_a_script_or_style_of_its_own(root: Client, model: type[Any]) -> None:
    html = root.get(url(model, "changelist")).content.decode()
    assert all("src=" in tag or "json" in tag for tag in re.findall(r"<script[^>]*>", html))
    assert "onclick=" not in html
    assert " style=" not in html


def test_the_count_stops_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.tenants.admin_base.MOST_COUNTED", 2)
    for slug in ("a", "b", "c"):
        make_tenant(slug)
    assert CappedPaginator(Tenant.objects.all(), 50).count == 2


def test_staff_without_permissions_see_nothing() -> None:
    assert staff_client().get(url(Tenant, "changelist")).status_code == 403


# Tenants -----------------------------------------------------------------------------------------

UNTOUCHED = {"weight": "1", "keys-TOTAL_FORMS": "0", "keys-INITIAL_FORMS": "0"}


def test_a_tenant_is_made_and_recorded(root: Client) -> None:
    root.post(url(Tenant, "add"), {"slug": "acme", "name": "Acme", "active": "on", **UNTOUCHED})
    entry = AuditEntry.objects.get(action="create")
    assert (entry.tenant, entry.actor) == (Tenant.objects.get(slug="acme"), "user:root")


def test_a_bad_slug_is_refused(root: Client) -> None:
    answer = root.post(url(Tenant, "add"), {"slug": "A b", "name": "x", **UNTOUCHED})
    assert b"Use lower-case letters" in answer.content
    assert not Tenant.objects.exists()


def test_ending_a_tenant_has_its_own_name_in_the_trail(root: Client) -> None:
    acme = make_tenant()
    root.post(url(Tenant, "change", acme.pk), {"name": "Acme", **UNTOUCHED})
    acme.refresh_from_db()
    entry = AuditEntry.objects.get(action="deactivate")
    assert (acme.active, entry.before, entry.after) == (False, {"active": True}, {"active": False})


@pytest.mark.parametrize(("verb", "paused"), [("pause", True), ("resume", False)])
def test_a_tenant_is_paused_and_resumed(root: Client, verb: str, paused: bool) -> None:
    acme = make_tenant(paused_at=None if paused else timezone.now())
    chosen = {"action": verb, "_selected_action": [str(acme.pk)]}
    root.post(url(Tenant, "changelist"), chosen)
    acme.refresh_from_db()
    assert (acme.paused_at is not None) is paused
    assert AuditEntry.objects.get(action=verb).actor == "user:root"


def test_a_weight_of_zero_is_refused(root: Client) -> None:
    acme = make_tenant()
    sent = {"name": "Acme", **UNTOUCHED, "weight": "0"}
    answer = root.post(url(Tenant, "change", acme.pk), sent)
    assert b"greater than or equal to 1" in answer.content


def test_a_tenants_slug_stays(root: Client) -> None:
    acme = make_tenant()
    root.post(url(Tenant, "change", acme.pk), {"slug": "x", "name": "Acme", **UNTOUCHED})
    acme.refresh_from_db()
    assert acme.slug == "acme"


def test_a_tenants_page_lists_its_keys_without_digests(root: Client) -> None:
    key, _ = issue_key()
    html = root.get(url(Tenant, "change", key.tenant_id)).content.decode()
    assert key.public_id in html
    assert key.digest not in html
    assert reverse("admin:api_key_rotate", args=[key.pk]) in html


@pytest.mark.parametrize("page", ["delete"])
def test_a_tenant_cannot_be_deleted(root: Client, page: str) -> None:
    acme = make_tenant()
    assert root.post(url(Tenant, page, acme.pk), {"post": "yes"}).status_code == 403
    assert Tenant.objects.filter(pk=acme.pk).exists()


# The rest ----------------------------------------------------------------------------------------


def test_a_job_leads_to_its_page_and_cannot_be_changed(root: Client) -> None:
    job = make_job(make_tenant())
    assert f'href="/console/jobs/{job.pk}"' in root.get(url(Job, "changelist")).content.decode()
    assert root.post(url(Job, "change", job.pk), {"status": "failed"}).status_code == 403
    assert root.post(url(Job, "delete", job.pk), {"post": "yes"}).status_code == 403


def pipeline(root: Client, tasks: str) -> str:
    data = {"name": "p", "tasks": tasks, "active": "on", "description": ""}
    return root.post(url(Pipeline, "add"), data).content.decode()


def test_a_pipeline_is_checked_like_a_submission(root: Client) -> None:
    html = pipeline(root, '[{"key": "a", "engine_id": "none", "depends_on": ["a"]}]')
    assert "tasks.0" in html
    assert not Pipeline.objects.exists()


def test_a_good_pipeline_is_kept_and_recorded(root: Client) -> None:
    from apps.tasks.engines.registry import registry

    engine = next(iter(registry().engines))
    pipeline(root, f'[{{"key": "a", "engine_id": "{engine}"}}]')
    assert Pipeline.objects.get().name == "p"
    assert AuditEntry.objects.get(action="create").object_type == "pipeline"


def test_the_maps_of_a_pipeline_are_checked_too(root: Client) -> None:
    from apps.tasks.engines.registry import registry

    engine = next(iter(registry().engines))
    tasks = f'[{{"key": "a", "engine_id": "{engine}", "map": {{"over": "b", "path": "x"}}}}]'
    assert "tasks.0.map.over" in pipeline(root, tasks)
    assert not Pipeline.objects.exists()


def test_only_superusers_manage_staff(root: Client) -> None:
    assert root.get(url(User, "changelist")).status_code == 200
    assert staff_client().get(url(User, "changelist")).status_code == 403


def test_a_new_staff_user_is_recorded_without_the_password(root: Client) -> None:
    secret = "a long enough passphrase"
    data = {"username": "eve", "password1": secret, "password2": secret, "usable_password": "true"}
    answer = root.post(url(User, "add"), data)
    entry = AuditEntry.objects.get(object_type="user", action="create")
    assert (answer.status_code, entry.object_id) == (302, str(User.objects.get(username="eve").pk))
    assert secret not in str(entry.after)


def test_the_trail_can_be_filtered_by_action(root: Client) -> None:
    key, _ = issue_key()
    keys.revoke(key, SYSTEM)
    answer = root.get(url(AuditEntry, "changelist"), {"action": "revoke"})
    assert [entry.action for entry in answer.context["cl"].result_list] == ["revoke"]


def test_the_trail_can_be_read_and_nothing_else(root: Client) -> None:
    issue_key()
    entry = AuditEntry.objects.get()
    assert root.get(url(AuditEntry, "change", entry.pk)).status_code == 200
    assert root.post(url(AuditEntry, "change", entry.pk), {"action": "x"}).status_code == 403
    assert root.post(url(AuditEntry, "delete", entry.pk), {"post": "yes"}).status_code == 403
    assert root.get(url(AuditEntry, "add")).status_code == 403


@pytest.mark.parametrize(("since", "number"), [("", 1), ("30", 1), ("all", 2)])
def test_the_trail_shows_the_last_week_unless_asked(root: Client, since: str, number: int) -> None:
    from uuid import UUID

    issue_key()
    old = AuditEntry.objects.get()
    old.pk = UUID("01800000-0000-7000-8000-000000000000")
    old.save(force_insert=True)
    answer = root.get(url(AuditEntry, "changelist"), {"since": since} if since else {})
    assert len(answer.context["cl"].result_list) == number
