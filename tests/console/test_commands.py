"""The commands that make tenants, keys and links."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from apps.tenants import keys, links
from apps.tenants.models import ApiKey, AuditEntry, Tenant
from tests.factories import make_staff, make_tenant

pytestmark = pytest.mark.django_db

SCOPES = "--scopes=jobs:read,jobs:write"


def output(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_a_tenant_is_made_and_recorded() -> None:
    output("create_tenant", "acme", "--name=Acme Inc.")
    tenant = Tenant.objects.get()
    assert (tenant.slug, tenant.name, tenant.active) == ("acme", "Acme Inc.", True)
    assert AuditEntry.objects.get().action == "create"


@pytest.mark.parametrize("slug", ["Acme", "a_b", "a-", "a" * 64, "", "a b"])
def test_a_bad_slug_is_refused(slug: str) -> None:
    with pytest.raises(CommandError, match=r"^slug: "):
        output("create_tenant", slug)


def test_a_taken_slug_is_refused() -> None:
    make_tenant()
    with pytest.raises(CommandError, match="slug: there is a tenant 'acme' already"):
        output("create_tenant", "acme")


def test_the_key_is_alone_on_the_last_line() -> None:
    make_tenant()
    text = output("issue_key", "acme", SCOPES, "--expires-in=90d")
    key = keys.authenticate(text.splitlines()[-1])
    assert key == ApiKey.objects.get()
    assert (key.expires_at - key.created_at).days in {89, 90}
    assert key.scopes == ["jobs:read", "jobs:write"]


def test_the_hints_go_to_stderr() -> None:
    make_tenant()
    out, err = StringIO(), StringIO()
    call_command("issue_key", "acme", SCOPES, stdout=out, stderr=err)
    assert "shown this once" in err.getvalue()
    assert len(out.getvalue().split()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nobody", SCOPES], "slug: there is no tenant 'nobody'"),
        (["acme", "--scopes=jobs:all"], "--scopes: unknown scope jobs:all"),
        (["acme", "--scopes="], "--scopes: no scope given"),
        (["acme"], "--scopes"),
        (["acme", SCOPES, "--expires-in=soon"], "--expires-in: 'soon' is no duration"),
        (["acme", SCOPES, "--expires-in=0d"], "--expires-in"),
        (["acme", SCOPES, "--expires-in=999999d"], "--expires-in"),
        (["acme", SCOPES, "--name= "], "--name: "),
    ],
)
def test_a_bad_argument_is_named(arguments: list[str], message: str) -> None:
    make_tenant()
    with pytest.raises(CommandError, match=message):
        output("issue_key", *arguments)


def test_a_worker_key_is_alone_on_the_last_line() -> None:
    text = output("issue_worker_key", "gpu-a-", "--capacity=8", "--hosts=a.example, b.example")
    key = keys.authenticate_worker(text.splitlines()[-1])
    assert key is not None
    assert (key.name_prefix, key.capacity, key.hosts) == ("gpu-a-", 8, ["a.example", "b.example"])


@pytest.mark.parametrize("arguments", [["gpu"], ["GPU-"], ["gpu-", "--capacity=0"]])
def test_a_bad_worker_key_is_refused(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"^(name_prefix|--capacity): "):
        output("issue_worker_key", *arguments)


def test_a_login_link_is_printed_for_the_first_admin() -> None:
    make_staff("grace")
    ada = make_staff("ada", superuser=True)
    url = output("login_link").strip()
    assert url.startswith("http://127.0.0.1:8000/console/link/")
    assert links.redeem(url.rsplit("/", 1)[1]) == ada


def test_a_login_link_for_nobody_is_refused() -> None:
    with pytest.raises(CommandError, match="start the console once"):
        output("login_link")
    with pytest.raises(CommandError, match="username: there is no active staff user 'eve'"):
        output("login_link", "eve")


@pytest.mark.parametrize(
    "arguments", [["create_tenant", "a"], ["issue_key", "a", SCOPES], ["login_link"]]
)
def test_before_the_first_start_there_is_a_clear_sentence(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", list)
    with pytest.raises(CommandError, match="start the console once first"):
        output(*arguments)
