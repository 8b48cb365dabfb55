"""The cast: acme and globex, who must never meet, their keys, and staff."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from apps.tenants import keys
from apps.tenants.audit import SYSTEM
from apps.tenants.models import ApiKey, Tenant, User

PASSWORD = "correct horse battery staple"


def make_tenant(slug: str = "acme", **fields: object) -> Tenant:
    """The tenant of this slug; the one that is there already, unless fields are given."""
    if not fields and (tenant := Tenant.objects.filter(slug=slug).first()):
        return tenant
    return Tenant.objects.create(slug=slug, **{"name": slug.title(), **fields})


def issue_key(
    tenant: Tenant | None = None,
    *scopes: str,
    name: str = "key",
    expires_in: timedelta = keys.LIFETIME,
) -> tuple[ApiKey, str]:
    """A key and its text; of acme and with every scope, unless said otherwise."""
    return keys.issue(
        tenant or make_tenant(),
        name=name,
        scopes=scopes or keys.SCOPES,
        actor=SYSTEM,
        expires_in=expires_in,
    )


def make_key(tenant: Tenant | None = None, *scopes: str) -> str:
    """Only the text of a new key."""
    return issue_key(tenant, *scopes)[1]


def make_staff(username: str = "ada", *, superuser: bool = False) -> User:
    """A staff user whose password is `PASSWORD`."""
    return User.objects.create_user(
        username, password=PASSWORD, is_staff=True, is_superuser=superuser
    )


def key_client(tenant: Tenant | None = None, *scopes: str) -> Client:
    """A client that sends a new key with every request."""
    return Client(headers={"Authorization": f"Token {make_key(tenant, *scopes)}"})


def staff_client(user: User | None = None, *, enforce_csrf_checks: bool = False) -> Client:
    """A client with the session of a staff user; of ada, unless said otherwise."""
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(user or User.objects.filter(username="ada").first() or make_staff())
    return client
