"""The one place where a request becomes a tenant, and a queryset becomes that tenant's part."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.core.exceptions import ImproperlyConfigured, ObjectDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.db.models import Q
from rest_framework.exceptions import ErrorDetail, NotAuthenticated, NotFound, ValidationError
from rest_framework.relations import PrimaryKeyRelatedField
from rest_framework.viewsets import GenericViewSet

from apps.tenants.callers import Caller, action_of
from apps.tenants.models import Tenant, validate_slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

ModelT = TypeVar("ModelT", bound=models.Model)


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
