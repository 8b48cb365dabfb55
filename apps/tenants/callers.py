"""Who calls, and what they may: what DRF asks before any view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission

from apps.tenants import keys
from apps.tenants.actors import key_actor, staff_actor
from apps.tenants.audit import Actor
from apps.tenants.models import User

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request
    from rest_framework.views import APIView

    from apps.tenants.models import ApiKey, Tenant

ANY = "any"
STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent this request. A key's `tenant` is its own; a staff user's is the one chosen with
    `?tenant=`, None for all.
    """

    kind: Literal["staff", "key"]
    user: User | None
    key: ApiKey | None
    tenant: Tenant | None
    scopes: frozenset[str]
    actor: Actor

    @property
    def is_staff(self) -> bool:
        return self.kind == "staff"


class KeyAuthentication(SessionAuthentication):
    """`Authorization: Token KEY` (or `Bearer`), else the session of an active staff user.

    A header that is there decides alone: the cookie behind a bad key is not looked at.
    `request.auth` becomes a Caller; `request.user` is None for a key.
    """

    def authenticate(self, request: Request) -> tuple[User | None, Caller] | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is not None:
            return None, self._by_key(request, header)
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active or not user.is_staff:
            return None
        self.enforce_csrf(request)
        actor = staff_actor(request._request, user)
        return user, Caller("staff", user, None, None, frozenset(keys.SCOPES), actor)

    def authenticate_header(self, request: Request) -> str:
        return 'Token realm="api"'

    def _by_key(self, request: Request, header: str) -> Caller:
        scheme, _, text = header.partition(" ")
        key = keys.authenticate(text) if scheme.lower() in {"token", "bearer"} else None
        if key is None:
            raise NotAuthenticated
        actor = key_actor(request._request, key)
        return Caller("key", None, key, key.tenant, frozenset(key.scopes), actor)


class ScopePermission(BasePermission):
    """A view says in `scopes` what each action needs: a scope, `staff` or `any`; or it is
    `staff_only`. What is not declared is refused.
    """

    message = "This action declares no scope."

    def has_permission(self, request: Request, view: APIView) -> bool:
        caller = request.auth
        if not isinstance(caller, Caller):
            return False
        action = action_of(request, view)
        if action is None:
            return True
        wanted = declared_scope(view, action)
        if wanted is not None:
            self.message = f"This needs {'a staff login' if wanted == STAFF else wanted}."
        if wanted == STAFF:
            return caller.is_staff
        return wanted == ANY or wanted in caller.scopes


def action_of(request: Request, view: APIView) -> str | None:
    """The viewset's action, or a plain view's method; None where a 405 follows anyway."""
    method = (request.method or "").lower()
    if hasattr(view, "action"):
        return None if view.action == "metadata" else view.action
    return method if hasattr(view, method) else None


def declared_scope(view: APIView | type[APIView], action: str) -> str | None:
    """What the view says this action needs; None when it says nothing."""
    if getattr(view, "staff_only", False):
        return STAFF
    scopes: Mapping[str, str] = getattr(view, "scopes", {})
    return scopes.get(action)
