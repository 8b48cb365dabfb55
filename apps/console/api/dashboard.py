"""The first page's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.console.api.jobs_serializers import JobSerializer
from apps.console.api.realtime import RealtimeStatusSerializer
from apps.console.dashboard import dashboard
from apps.console.job_rows import visible_jobs
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class SystemSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["healthy", "degraded", "unhealthy"])
    reasons = ReasonSerializer(many=True)
    gpu_memory_used_mb = serializers.IntegerField(allow_null=True)
    gpu_memory_total_mb = serializers.IntegerField(allow_null=True)
    version = serializers.CharField()


class BatchSerializer(serializers.Serializer[Any]):
    active_jobs = serializers.IntegerField()
    queue_depth = serializers.IntegerField()
    oldest_wait_ms = serializers.IntegerField(allow_null=True)
    recent_jobs = JobSerializer(many=True)


class DashboardSerializer(serializers.Serializer[Any]):
    system = SystemSerializer()
    batch = BatchSerializer()
    realtime = RealtimeStatusSerializer(allow_null=True)


class DashboardViewSet(TenantViewSet):
    queryset = visible_jobs()
    scopes: ClassVar[Mapping[str, str]] = {"retrieve": "jobs:read"}

    @extend_schema(responses=DashboardSerializer)
    def retrieve(self, request: Request) -> Response:
        realtime = "realtime:read" in self.caller.scopes
        return Response(dashboard(self.caller.tenant, realtime=realtime))
