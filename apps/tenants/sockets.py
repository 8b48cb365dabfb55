"""Who opens a socket: the one place where its headers become a tenant, or a staff user."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone

from apps.tenants import keys
from apps.tenants.models import ApiKey, Tenant, User, validate_slug

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is on the other end. `tenant` is None for staff, who see all or choose one."""

    kind: str
    name: str
    tenant: Tenant | None = field(compare=False)
    scopes: frozenset[str] = field(compare=False)

    @property
    def is_staff(self) -> bool:
        return self.kind == "session"

    @property
    def owner(self) -> str:
        """Whom its sockets are counted for."""
        return f"tenant {self.tenant.pk}" if self.tenant else f"user {self.name}"


def headers_of(scope: Mapping[str, Any]) -> Headers:
    """The headers of an ASGI scope; of one that stands twice the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def is_welcome_from(scope: Mapping[str, Any], headers: Headers) -> bool:
    """Whether the page that opens this socket is our own: scheme, host and port.

    Who sends a key needs no page: browsers cannot send that header with a socket.
    """
    if "authorization" in headers:
        return True
    origin, host = headers.get("origin", ""), headers.get("host", "")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    ours = {f"{_scheme(scope, headers)}://{host}".lower()}
    if settings.CONSOLE_URL:
        parts = urlsplit(settings.CONSOLE_URL)
        ours.add(f"{parts.scheme}://{parts.netloc}".lower())
    return origin.lower() in ours


def _scheme(scope: Mapping[str, Any], headers: Headers) -> str:
    trusted: tuple[str, str] | None = settings.SECURE_PROXY_SSL_HEADER
    if trusted is not None:
        name = trusted[0].removeprefix("HTTP_").replace("_", "-").lower()
        return "https" if headers.get(name, "").split(",")[0].strip() == trusted[1] else "http"
    return "https" if scope.get("scheme") == "wss" else "http"


def visitor(headers: Headers) -> Visitor | None:
    """Who these headers prove, by key or by session; a header that is there decides alone."""
    header = headers.get("authorization")
    if header is not None:
        scheme, _, text = header.partition(" ")
        key = keys.authenticate(text) if scheme.lower() in {"token", "bearer"} else None
        if key is None:
            return None
        return Visitor("key", key.public_id, key.tenant, frozenset(key.scopes))
    session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    user = _users_of([session_key]).get(session_key) if session_key else None
    if user is None:
        return None
    return Visitor("session", session_key, None, frozenset(keys.SCOPES))


def still_welcome(visitors: Collection[Visitor]) -> set[Visitor]:
    """Those whose key or session is as good as when they came, in a constant number of queries."""
    public_ids = [one.name for one in visitors if one.kind == "key"]
    good = set(
        ApiKey.objects.filter(
            public_id__in=public_ids,
            revoked_at=None,
            expires_at__gt=timezone.now(),
            tenant__active=True,
        ).values_list("public_id", flat=True)
    )
    good |= _users_of(one.name for one in visitors if one.kind == "session").keys()
    return {one for one in visitors if one.name in good}


def tenant_named(slug: str) -> Tenant | None:
    """The tenant that staff have chosen."""
    try:
        validate_slug(slug)
    except ValidationError:
        return None
    return Tenant.objects.filter(slug=slug).first()


def _users_of(session_keys: Iterable[str]) -> dict[str, User]:
    """The active staff user of each session that is neither over nor from before a new password."""
    stored = Session.objects.filter(
        session_key__in=list(session_keys), expire_date__gt=timezone.now()
    )
    facts = {session.session_key: session.get_decoded() for session in stored}
    wanted = {int(fact[SESSION_KEY]) for fact in facts.values() if SESSION_KEY in fact}
    users = User.objects.filter(is_active=True, is_staff=True).in_bulk(wanted)
    found: dict[str, User] = {}
    for session_key, fact in facts.items():
        user = users.get(int(fact.get(SESSION_KEY, 0)))
        known = str(fact.get(HASH_SESSION_KEY, ""))
        if user is None or fact.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
            continue
        if hmac.compare_digest(known, user.get_session_auth_hash()):
            found[session_key] = user
    return found
