"""The one place where a request becomes a tenant, and a queryset becomes that tenant's part."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.db.models import Q
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ErrorDetail, NotAuthenticated, NotFound, ValidationError
from rest_framework.permissions import BasePermission

from apps.tenants import keys
from apps.tenants.audit import Actor
from apps.tenants.models import Tenant, User, validate_slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from apps.tenants.models import ApiKey

ModelT = TypeVar("ModelT", bound=models.Model)

ANY = "any"
STAFF = "staff"


class TenantQuerySet(models.QuerySet[ModelT]):
    """A queryset of an owned model; the model names the way to its tenant in `tenant_path`."""

    def of(self, tenant: Tenant) -> Self:
        """The rows of this tenant only."""
        path: str = self.model.tenant_path  # type: ignore[attr-defined]
        return self.filter(**{path: tenant})


# Who calls ---------------------------------------------------------------------------------------


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


def staff_actor(request: HttpRequest, user: User) -> Actor:
    """The staff user as the audit trail and the event log name them."""
    return Actor(
        f"user:{user.get_username()}",
        user_id=user.pk,
        address=client_address(request),
        request_id=request_id(),
    )


def key_actor(request: HttpRequest, key: ApiKey) -> Actor:
    """The key as the audit trail and the event log name it."""
    return Actor(
        f"key:{key.public_id}",
        key_public_id=key.public_id,
        address=client_address(request),
        request_id=request_id(),
    )


def client_address(request: HttpRequest) -> str | None:
    """The client's address, behind exactly as many proxies as the settings say."""
    address = request.META.get("REMOTE_ADDR", "")
    proxies: int = settings.CONSOLE_NUM_PROXIES
    if proxies:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        address = hops[-min(proxies, len(hops))].strip() or address
    try:
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return None


def request_id() -> str:
    """The id that django-structlog gave the request in hand; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


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


# Views -------------------------------------------------------------------------------------------

# Not at the top: importing DRF's views reads the settings, which name the classes above. The
# models import this module, so it is loaded before anything else can ask DRF for a view.
from rest_framework.relations import PrimaryKeyRelatedField  # noqa: E402
from rest_framework.viewsets import GenericViewSet  # noqa: E402


class TenantViewSet(GenericViewSet):
    """The first base of every viewset: the caller's tenant bounds what any action can reach.

    `query_params` names what each action takes in the query, besides `tenant` and, for a list,
    what the filterset declares. `shared_rows`: rows without a tenant are every tenant's.
    """

    scopes: ClassVar[Mapping[str, str]] = {}
    staff_only: ClassVar[bool] = False
    query_params: ClassVar[Mapping[str, frozenset[str] | set[str]]] = {}
    shared_rows: ClassVar[bool] = False
    metadata_class = None

    @property
    def caller(self) -> Caller:
        caller = self.request.auth
        if not isinstance(caller, Caller):
            raise NotAuthenticated
        return caller

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if action_of(request, self) is None:
            return
        self._refuse_unknown_parameters(request)
        if self.caller.is_staff:
            request.auth = replace(self.caller, tenant=_chosen_tenant(request))

    def get_queryset(self) -> models.QuerySet[Any]:
        return self.scoped(super().get_queryset())

    def scoped(self, queryset: models.QuerySet[ModelT]) -> models.QuerySet[ModelT]:
        """The part of any queryset that the caller may see."""
        if getattr(self, "swagger_fake_view", False):
            return queryset.none()
        tenant = self.caller.tenant
        if tenant is None:
            return queryset
        path: str | None = getattr(queryset.model, "tenant_path", None)
        if path is not None:
            own = Q(**{path: tenant})
            return queryset.filter(own | Q(**{path: None}) if self.shared_rows else own)
        if not self.caller.is_staff:
            raise ImproperlyConfigured(f"{queryset.model.__name__} names no tenant_path.")
        return queryset

    def find(self, queryset: models.QuerySet[ModelT], **lookup: object) -> ModelT:
        """The one row the caller may see, or the 404 that does not say why."""
        try:
            return self.scoped(queryset).get(**lookup)
        except (ObjectDoesNotExist, DjangoValidationError, ValueError, TypeError):
            raise NotFound from None

    def tenant_for_write(self) -> Tenant:
        """The tenant that a new row belongs to. Staff must name an active one."""
        tenant = self.caller.tenant
        if tenant is None:
            raise _bad_parameter("tenant", "required", "Name the tenant: ?tenant=slug.")
        if not tenant.active:
            raise _bad_parameter("tenant", "inactive", f"The tenant {tenant.slug} is inactive.")
        return tenant

    def _refuse_unknown_parameters(self, request: Request) -> None:
        known = {"tenant", *self.query_params.get(self.action, ())}
        if self.action == "list":
            known.update(getattr(getattr(self, "filterset_class", None), "base_filters", ()))
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            error = ErrorDetail("There is no such query parameter.", code="unknown")
            raise ValidationError({name: [error] for name in unknown})


def _chosen_tenant(request: Request) -> Tenant | None:
    slugs = request.query_params.getlist("tenant")
    if not slugs:
        return None
    try:
        validate_slug(slugs[0])
        (slug,) = slugs
        return Tenant.objects.get(slug=slug)
    except (DjangoValidationError, ValueError, Tenant.DoesNotExist):
        raise _bad_parameter("tenant", "unknown", "There is no such tenant.") from None


def _bad_parameter(name: str, code: str, detail: str) -> ValidationError:
    return ValidationError({name: [ErrorDetail(detail, code=code)]})


class TenantRelatedField(PrimaryKeyRelatedField):
    """A relation that can only be set to a row of the tenant that is written for."""

    def get_queryset(self) -> models.QuerySet[Any]:
        view: TenantViewSet = self.context["view"]
        queryset = super().get_queryset()
        assert queryset is not None  # noqa: S101
        if not getattr(view, "swagger_fake_view", False):
            view.tenant_for_write()
        return view.scoped(queryset)
