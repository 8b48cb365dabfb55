"""The first page's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from apps.console.api.jobs_serializers import JobSerializer
from apps.console.api.realtime import RealtimeStatusSerializer
from apps.console.job_rows import visible_jobs
from apps.console.live.boards import board_response
from apps.tenants.scoping import TenantViewSet
from apps.workers.cards.reading import DRIVERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request
    from rest_framework.response import Response


class ReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class SystemSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["healthy", "degraded", "unhealthy"])
    reasons = ReasonSerializer(many=True)
    gpu_memory_used_mb = serializers.IntegerField(allow_null=True)
    gpu_memory_total_mb = serializers.IntegerField(allow_null=True)
    gpu_driver = serializers.ChoiceField(choices=DRIVERS, allow_null=True)
    gpu_sampled_at = serializers.DateTimeField(
        allow_null=True, help_text="The oldest of the samples that were added up."
    )
    gpu_status = serializers.ChoiceField(
        choices=["ok", "unknown", "none"],
        help_text="unknown: there are cards, and what they hold is not known now.",
    )
    version = serializers.CharField()


class BatchSerializer(serializers.Serializer[Any]):
    active_jobs = serializers.IntegerField()
    queue_depth = serializers.IntegerField()
    oldest_wait_ms = serializers.IntegerField(allow_null=True)
    recent_jobs = JobSerializer(many=True)


class DashboardSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField(help_text="When it was read: newer ones are never lower.")
    system = SystemSerializer()
    batch = BatchSerializer()
    realtime = RealtimeStatusSerializer(allow_null=True)


class DashboardViewSet(TenantViewSet):
    queryset = visible_jobs()
    scopes: ClassVar[Mapping[str, str]] = {"retrieve": "jobs:read"}

    @extend_schema(responses=DashboardSerializer)
    def retrieve(self, request: Request) -> Response:
        realtime = "realtime:read" in self.caller.scopes
        return board_response(request, "dashboard", self.caller.tenant, realtime=realtime)
