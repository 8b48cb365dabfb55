"""The realtime pool as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.console.realtime import realtime_status
from apps.tenants.scoping import TenantViewSet
from apps.workers.models import Worker
from apps.workers.status import WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request


class ModelSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    capacity = serializers.IntegerField()
    active = serializers.IntegerField()


class RealtimeWorkerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    endpoint = serializers.CharField()
    capacity = serializers.IntegerField()
    active = serializers.IntegerField()
    models = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=WorkerStatus.choices)
    last_heartbeat = serializers.DateTimeField()


class RealtimeStatusSerializer(serializers.Serializer[Any]):
    worker_count = serializers.IntegerField()
    total_capacity = serializers.IntegerField()
    active_sessions = serializers.IntegerField()
    utilization = serializers.FloatField()
    models = ModelSerializer(many=True)
    workers = RealtimeWorkerSerializer(many=True)


class RealtimeViewSet(TenantViewSet):
    queryset = Worker.objects.all()
    scopes: ClassVar[Mapping[str, str]] = {"retrieve": "realtime:read"}

    @extend_schema(responses=RealtimeStatusSerializer)
    def retrieve(self, request: Request) -> Response:
        return Response(realtime_status(self.caller.tenant))
