"""Engines: what work can be done, and how much of it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.console.engine_rows import EngineRow, engine_rows
from apps.tasks import pauses
from apps.tasks.models import Task
from apps.tenants.callers import STAFF
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request


class EngineSerializer(serializers.Serializer[Any]):
    engine_id = serializers.CharField()
    stage = serializers.CharField()
    kind = serializers.CharField(help_text="`python`, `command` or `http`.")
    status = serializers.CharField(
        help_text="To staff `ready`, `paused`, `draining` or `unavailable`; to a key `available`, "
        "`paused` or `unavailable`."
    )
    queue_depth = serializers.IntegerField()
    running = serializers.IntegerField()
    oldest_wait_ms = serializers.IntegerField(allow_null=True)
    workers = serializers.IntegerField(allow_null=True, help_text="`null` on a key.")
    models = serializers.ListField(child=serializers.CharField())
    p50_ms = serializers.IntegerField(
        allow_null=True, help_text="Of runs that completed in the last 24 hours, within 4.5 %."
    )
    p95_ms = serializers.IntegerField(allow_null=True)
    failure_rate = serializers.FloatField(
        allow_null=True, help_text="Share of those runs that failed, retried ones too."
    )
    demo = serializers.BooleanField(help_text="Built in, for a first look.")


class EngineViewSet(TenantViewSet):
    queryset = Task.objects.all()
    pagination_class = None
    scopes: ClassVar[Mapping[str, str]] = {"list": "jobs:read", "pause": STAFF, "resume": STAFF}

    @extend_schema(responses=EngineSerializer(many=True))
    def list(self, request: Request) -> Response:
        return Response(engine_rows(self.caller.tenant))

    @extend_schema(request=None, responses=EngineSerializer)
    def pause(self, request: Request, engine_id: str) -> Response:
        pauses.pause_engine(engine_id, self.caller.actor)
        return Response(self._row(engine_id))

    @extend_schema(request=None, responses=EngineSerializer)
    def resume(self, request: Request, engine_id: str) -> Response:
        pauses.resume_engine(engine_id, self.caller.actor)
        return Response(self._row(engine_id))

    def _row(self, engine_id: str) -> EngineRow:
        rows = engine_rows(self.caller.tenant)
        return next(row for row in rows if row["engine_id"] == engine_id)
