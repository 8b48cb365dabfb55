"""Rows that belong to a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from apps.tenants.models import Tenant

ModelT = TypeVar("ModelT", bound=models.Model)


class TenantQuerySet(models.QuerySet[ModelT]):
    """A queryset of an owned model; the model names the way to its tenant in `tenant_path`."""

    def of(self, tenant: Tenant) -> Self:
        """The rows of this tenant only."""
        path: str = self.model.tenant_path  # type: ignore[attr-defined]
        return self.filter(**{path: tenant})
