"""Requests become tenants: who gets in, what they may, and whose rows they reach."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated
from uuid_utils.compat import uuid7

from apps.jobs.models import FilePart, Pipeline, StoredFile
from apps.tenants.actors import client_address
from apps.tenants.audit import SYSTEM
from apps.tenants.callers import Caller
from apps.tenants.models import Tenant, User
from apps.tenants.scoping import TenantViewSet
from tests.factories import (
    issue_key,
    key_client,
    make_key,
    make_staff,
    make_tenant,
    staff_client,
)
from tests.tenants.probe import PartSerializer, UnownedViewSet

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.tenants.probe")]

FILES = "/api/probe/files"
JSON = "application/json"


def make_file(tenant: Tenant, name: str = "a.wav") -> StoredFile:
    file = StoredFile.objects.create(
        tenant=tenant, name=name, size_bytes=1, created_at=timezone.now()
    )
    FilePart.objects.create(file=file, number=1, size_bytes=1, path="p")
    return file


def problem(answer: Any) -> tuple[str, str | None]:
    (error,) = answer.json()["errors"]
    return error["code"], error["attr"]


# Who gets in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Token", "Bearer", "bearer"])
def test_a_key_gets_in(scheme: str) -> None:
    client = Client(headers={"Authorization": f"{scheme} {make_key()}"})
    assert client.get(f"{FILES}/whoami").json()["tenant"] == "acme"


@pytest.mark.parametrize(
    "header", [None, "", "Token", "Token x", "Token ym_a b", "Basic YTpi", "Token \xff", "x" * 9000]
)
def test_every_bad_credential_is_the_same_401(header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = Client(headers=headers).get(f"{FILES}/whoami")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Token realm="api"'
    assert answer.content == Client().get(FILES).content
    assert problem(answer) == ("not_authenticated", None)


def test_a_staff_session_gets_in() -> None:
    assert staff_client().get(f"{FILES}/whoami").json() == {"actor": "user:ada", "tenant": None}


@pytest.mark.parametrize("field", ["is_staff", "is_active"])
def test_the_session_of_somebody_else_does_not(field: str) -> None:
    client = staff_client()
    User.objects.update(**{field: False})
    assert client.get(FILES).status_code == 401


def test_a_session_needs_the_csrf_token_to_write() -> None:
    make_tenant()
    client = staff_client(enforce_csrf_checks=True)
    answer = client.post(f"{FILES}?tenant=acme", {}, content_type=JSON)
    assert (answer.status_code, problem(answer)[0]) == (403, "permission_denied")


def test_a_bad_key_is_not_rescued_by_a_good_cookie() -> None:
    answer = staff_client().get(FILES, headers={"Authorization": "Token wrong"})
    assert answer.status_code == 401


def test_a_good_key_wins_over_a_good_cookie() -> None:
    header = f"Token {make_key()}"
    answer = staff_client().get(f"{FILES}/whoami", headers={"Authorization": header})
    assert answer.json()["tenant"] == "acme"


# What they may -----------------------------------------------------------------------------------


def test_a_missing_scope_is_refused() -> None:
    answer = key_client(make_tenant(), "jobs:write").get(FILES)
    assert answer.status_code == 403
    assert "jobs:read" in answer.content.decode()


def test_an_action_for_staff_refuses_a_key() -> None:
    assert key_client().get(f"{FILES}/sweep").status_code == 403
    assert key_client().get("/api/probe/hidden").status_code == 403
    assert staff_client().get(f"{FILES}/sweep").status_code == 200


def test_an_undeclared_action_is_refused_to_all() -> None:
    file = make_file(make_tenant())
    assert key_client().delete(f"{FILES}/{file.pk}").status_code == 403
    assert staff_client().delete(f"{FILES}/{file.pk}").status_code == 403


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE"])
def test_a_method_without_an_action_is_405(method: str) -> None:
    answer = key_client().generic(method, FILES)
    assert (answer.status_code, problem(answer)[0]) == (405, "method_not_allowed")


# Whose rows --------------------------------------------------------------------------------------


def names(client: Client, query: str = "") -> list[str]:
    return sorted(row["name"] for row in client.get(f"{FILES}{query}").json())


@pytest.fixture
def two() -> tuple[StoredFile, StoredFile]:
    return make_file(make_tenant("acme"), "acme"), make_file(make_tenant("globex"), "globex")


def test_a_key_sees_its_tenant_only(two: object) -> None:
    assert names(key_client(make_tenant("globex"))) == ["globex"]


def test_a_key_cannot_choose_a_tenant(two: object) -> None:
    client = key_client(make_tenant("globex"))
    assert names(client, "?tenant=acme") == ["globex"]
    assert names(client, "?tenant=no-such") == ["globex"]


def test_staff_see_all_or_the_chosen_tenant(two: object) -> None:
    client = staff_client()
    assert names(client) == ["acme", "globex"]
    assert names(client, "?tenant=acme") == ["acme"]


@pytest.mark.parametrize("slug", ["", "no-such", "%00", "ACME", "acme&tenant=globex"])
def test_an_unknown_tenant_is_400(two: object, slug: str) -> None:
    answer = staff_client().get(f"{FILES}?tenant={slug}")
    assert (answer.status_code, problem(answer)) == (400, ("unknown", "tenant"))


def test_anothers_missing_and_malformed_are_the_same_404(
    two: tuple[StoredFile, StoredFile],
) -> None:
    client = key_client(make_tenant("acme"))
    ids = [str(two[1].pk), str(uuid7()), "x", "%00", "1" * 500]
    answers = [client.get(f"{FILES}/{pk}") for pk in ids]
    answers += [client.get(f"{FILES}/{pk}/part") for pk in ids]
    answers += [client.get("/api/console/no/such/path"), client.get("/api/none")]
    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {answers[1].content}
    assert {answer["Content-Type"] for answer in answers} == {JSON}


def test_one_finds_ones_own(two: tuple[StoredFile, StoredFile]) -> None:
    client = key_client(make_tenant("acme"))
    assert client.get(f"{FILES}/{two[0].pk}").json()["name"] == "acme"
    assert client.get(f"{FILES}/{two[0].pk}/part").json() == {"number": 1}


def test_without_the_scope_the_other_tenant_shows(
    two: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TenantViewSet, "scoped", _unscoped)
    assert names(key_client(make_tenant("globex"))) == ["acme", "globex"]


def _unscoped(_: TenantViewSet, queryset: QuerySet[Any]) -> QuerySet[Any]:
    return queryset


def test_a_relation_to_another_tenant_is_refused(two: tuple[StoredFile, StoredFile]) -> None:
    client = key_client(make_tenant("acme"))
    answers = [
        client.post(f"{FILES}/relate", {"file": str(pk)}, content_type=JSON)
        for pk in (two[0].pk, two[1].pk, uuid7())
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert problem(answers[1]) == problem(answers[2]) == ("does_not_exist", "file")


def test_a_key_writes_for_its_tenant() -> None:
    assert key_client().post(FILES).json() == {"tenant": "acme"}


def test_staff_must_name_the_tenant_they_write_for() -> None:
    make_tenant()
    client = staff_client()
    assert problem(client.post(FILES)) == ("required", "tenant")
    assert client.post(f"{FILES}?tenant=acme").json() == {"tenant": "acme"}


def test_nothing_is_written_for_an_inactive_tenant() -> None:
    make_tenant(active=False)
    assert problem(staff_client().post(f"{FILES}?tenant=acme")) == ("inactive", "tenant")


@pytest.mark.parametrize("query", ["?page=2", "?q=a&Q=a", "?format=json"])
def test_an_unknown_query_parameter_is_400(query: str) -> None:
    answer = key_client().get(FILES + query)
    assert (answer.status_code, problem(answer)[0]) == (400, "unknown")
    assert problem(answer)[1] in {"page", "Q", "format"}


def test_a_declared_query_parameter_is_taken() -> None:
    assert key_client().get(f"{FILES}?q=a").status_code == 200


def test_shared_rows_are_every_tenants(two: object) -> None:
    owners = {"all": None, "hers": make_tenant("acme"), "his": make_tenant("globex")}
    for name, tenant in owners.items():
        Pipeline.objects.create(name=name, tenant=tenant, tasks=[])
    rows = key_client(make_tenant("acme")).get("/api/probe/shared").json()
    assert [row["name"] for row in rows] == ["all", "hers"]


def test_rows_without_a_way_to_a_tenant_are_for_staff() -> None:
    make_tenant()
    with pytest.raises(ImproperlyConfigured, match="Node names no tenant_path"):
        _scoped_for_a_key()
    assert staff_client().get("/api/probe/unowned?tenant=acme").json() == []


def _scoped_for_a_key() -> None:
    key, _ = issue_key()
    view = UnownedViewSet()
    caller = Caller("key", None, key, key.tenant, frozenset(), SYSTEM)
    view.request = SimpleNamespace(auth=caller)  # type: ignore[assignment]
    view.get_queryset()


def test_a_view_asked_for_the_schema_reads_nothing() -> None:
    view = UnownedViewSet()
    view.swagger_fake_view = True  # type: ignore[attr-defined]
    assert view.get_queryset().query.is_empty()


def test_a_relation_asked_for_the_schema_reads_nothing() -> None:
    view = UnownedViewSet()
    view.swagger_fake_view = True  # type: ignore[attr-defined]
    field: Any = PartSerializer(context={"view": view}).fields["file"]
    assert field.get_queryset().query.is_empty()


def test_a_queryset_of_a_tenant_is_its_part(two: tuple[StoredFile, StoredFile]) -> None:
    assert StoredFile.objects.of(make_tenant("globex")).get() == two[1]


def test_without_a_caller_a_view_has_none() -> None:
    view = UnownedViewSet()
    view.request = SimpleNamespace(auth=None)  # type: ignore[assignment]
    with pytest.raises(NotAuthenticated):
        _ = view.caller


def test_a_plain_view_declares_its_methods() -> None:
    client = key_client(make_tenant(), "jobs:read")
    assert client.get("/api/probe/plain").status_code == 200
    assert client.post("/api/probe/plain").status_code == 405
    assert key_client(make_tenant(), "jobs:write").get("/api/probe/plain").status_code == 403


def test_an_actor_has_the_address_behind_the_proxies(settings: Any) -> None:
    request = Client().get("/console/").wsgi_request
    request.META["HTTP_X_FORWARDED_FOR"] = "6.6.6.6, 10.0.0.7"
    assert client_address(request) == "127.0.0.1"
    settings.CONSOLE_NUM_PROXIES = 1
    assert client_address(request) == "10.0.0.7"


def test_an_unreadable_address_is_none() -> None:
    request = Client().get("/console/").wsgi_request
    request.META["REMOTE_ADDR"] = "unix:"
    assert client_address(request) is None


def test_ada_keeps_her_name_in_the_trail() -> None:
    client = staff_client(make_staff("grace"))
    assert client.get(f"{FILES}/whoami").json()["actor"] == "user:grace"
