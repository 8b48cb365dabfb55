"""Keys in the admin: issued, rotated, revoked; a secret is shown once and kept nowhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from apps.tenants import keys
from apps.tenants.audit import SYSTEM
from apps.tenants.models import ApiKey, Tenant, WorkerKey
from tests.factories import issue_key, make_staff, make_tenant, staff_client

pytestmark = pytest.mark.django_db

KEY = re.compile(r"ymw?_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")


@pytest.fixture
def root() -> Client:
    return staff_client(make_staff("root", superuser=True))


def url(model: type[Any], page: str, *arguments: object) -> str:
    return reverse(f"admin:tenants_{model._meta.model_name}_{page}", args=arguments)


def test_a_key_is_issued_and_shown_once(root: Client) -> None:
    acme = make_tenant()
    answer = root.post(
        reverse("admin:api_key_issue", args=[acme.pk]),
        {"name": "ci", "scopes": ["jobs:read"], "days": "30"},
    )
    (text,) = KEY.findall(answer.content.decode())
    assert keys.authenticate(text) == ApiKey.objects.get(name="ci")
    assert "no-store" in answer["Cache-Control"]
    assert not KEY.search(root.get(url(Tenant, "change", acme.pk)).content.decode())


def test_a_shown_key_is_in_no_session_and_no_message(root: Client) -> None:
    acme = make_tenant()
    data = {"name": "ci", "scopes": ["jobs:read"], "days": "30"}
    answer = root.post(reverse("admin:api_key_issue", args=[acme.pk]), data)
    (text,) = KEY.findall(answer.content.decode())
    assert list(get_messages(answer.wsgi_request)) == []
    assert all(text not in str(session.get_decoded()) for session in Session.objects.all())


@pytest.mark.parametrize("data", [{}, {"name": "x", "scopes": ["all"], "days": "1"},
                                  {"name": "x", "scopes": ["jobs:read"], "days": "0"}])  # fmt: skip
def test_a_bad_form_issues_nothing(root: Client, data: dict[str, Any]) -> None:
    answer = root.post(reverse("admin:api_key_issue", args=[make_tenant().pk]), data)
    assert answer.status_code == 200
    assert not ApiKey.objects.exists()


def test_a_key_is_rotated_after_a_question(root: Client) -> None:
    key, _ = issue_key()
    where = reverse("admin:api_key_rotate", args=[key.pk])
    root.get(where)
    assert ApiKey.objects.count() == 1
    (text,) = KEY.findall(root.post(where).content.decode())
    new = keys.authenticate(text)
    assert new is not None
    assert new.rotated_from == key


def test_a_key_is_revoked_after_a_question(root: Client) -> None:
    key, text = issue_key()
    where = reverse("admin:api_key_revoke", args=[key.pk])
    root.get(where)
    assert keys.authenticate(text) == key
    root.post(where)
    assert keys.authenticate(text) is None


def test_a_dead_key_is_not_rotated(root: Client) -> None:
    key, _ = issue_key()
    keys.revoke(key, SYSTEM)
    answer = root.post(reverse("admin:api_key_rotate", args=[key.pk]), follow=True)
    assert b"revoked or expired" in answer.content


def test_worker_keys_are_issued_rotated_and_revoked(root: Client) -> None:
    data = {"name_prefix": "gpu-", "capacity": "4", "hosts": "a.example, b.example", "days": "9"}
    answer = root.post(reverse("admin:worker_key_issue"), data)
    key = keys.authenticate_worker(KEY.findall(answer.content.decode())[0])
    assert key is not None
    assert key.hosts == ["a.example", "b.example"]
    root.post(reverse("admin:worker_key_rotate", args=[key.pk]))
    root.post(reverse("admin:worker_key_revoke", args=[key.pk]))
    assert WorkerKey.objects.filter(revoked_at=None).count() == 1


def test_a_bad_worker_prefix_is_said_in_the_form(root: Client) -> None:
    data = {"name_prefix": "gpu", "capacity": "4", "days": "9"}
    assert b"hyphen" in root.post(reverse("admin:worker_key_issue"), data).content


@pytest.mark.parametrize("verb", ["api_key_rotate", "api_key_revoke", "api_key_issue"])
def test_staff_without_the_permission_do_nothing_to_keys(verb: str) -> None:
    key, text = issue_key()
    target = key.tenant_id if verb == "api_key_issue" else key.pk
    assert staff_client().post(reverse(f"admin:{verb}", args=[target])).status_code == 403
    assert keys.authenticate(text) == key
    assert ApiKey.objects.count() == 1


def test_a_key_that_is_not_there_is_404(root: Client) -> None:
    missing = make_tenant().pk
    assert root.post(reverse("admin:api_key_revoke", args=[missing])).status_code == 404


@pytest.mark.parametrize("kind", ["api_key", "worker_key"])
def test_a_keys_own_page_leads_to_its_verbs(root: Client, kind: str) -> None:
    key: Any = issue_key()[0] if kind == "api_key" else keys.issue_worker("a-", actor=SYSTEM)[0]
    html = root.get(url(type(key), "change", key.pk)).content.decode()
    assert reverse(f"admin:{kind}_revoke", args=[key.pk]) in html
    assert key.digest not in html
