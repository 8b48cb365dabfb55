"""The tenants, for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.tasks import pauses
from apps.tenants.models import Tenant
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from rest_framework.request import Request


class TenantSerializer(serializers.ModelSerializer[Tenant]):
    class Meta:
        model = Tenant
        fields = (
            "id",
            "slug",
            "name",
            "active",
            "created_at",
            "max_active_jobs",
            "max_running_tasks",
            "max_submits_per_minute",
            "max_sessions",
            "weight",
            "paused_at",
            "paused_by",
        )


class TenantListViewSet(TenantViewSet):
    queryset = Tenant.objects.order_by("slug")
    serializer_class = TenantSerializer
    pagination_class = None
    staff_only = True

    @extend_schema(responses=TenantSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response(TenantSerializer(self.get_queryset(), many=True).data)

    @extend_schema(request=None, responses=TenantSerializer)
    def pause(self, request: Request, slug: str) -> Response:
        pauses.pause_tenant(slug, self.caller.actor)
        return self._shown(slug)

    @extend_schema(request=None, responses=TenantSerializer)
    def resume(self, request: Request, slug: str) -> Response:
        pauses.resume_tenant(slug, self.caller.actor)
        return self._shown(slug)

    def _shown(self, slug: str) -> Response:
        tenant: Tenant = self.find(self.get_queryset(), slug=slug)
        return Response(TenantSerializer(tenant).data)
