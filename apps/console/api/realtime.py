"""The realtime pool as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from apps.console.live.boards import board_response
from apps.tenants.scoping import TenantViewSet
from apps.workers.models import Worker
from apps.workers.status import WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request
    from rest_framework.response import Response


class ModelSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    capacity = serializers.IntegerField()
    active = serializers.IntegerField()
    free = serializers.IntegerField(allow_null=True, help_text="This and what follows: for staff.")
    full_in_minutes = serializers.FloatField(
        allow_null=True, help_text="At the rate of the last 15 minutes; null: it does not fill."
    )
    wants = serializers.IntegerField(allow_null=True, help_text="Workers the rate needs.")
    has = serializers.IntegerField(allow_null=True, help_text="Workers that take sessions.")


class RealtimeWorkerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(allow_null=True, help_text="Null to a tenant.")
    endpoint = serializers.CharField()
    capacity = serializers.IntegerField()
    active = serializers.IntegerField()
    models = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=WorkerStatus.choices)
    last_heartbeat = serializers.DateTimeField(
        help_text="To a tenant: then or later, at most a lease too early."
    )
    drain_requested_at = serializers.DateTimeField(
        allow_null=True, help_text="When staff drained this very worker. Null to a tenant."
    )


class RealtimeStatusSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField(help_text="When it was read: newer ones are never lower.")
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
        return board_response(request, "realtime", self.caller.tenant)
