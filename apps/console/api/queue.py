"""The board of what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers

from apps.console.job_rows import visible_jobs
from apps.console.live.boards import board_response
from apps.jobs.status import JobStatus
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request
    from rest_framework.response import Response


class CellSerializer(serializers.Serializer[Any]):
    stage = serializers.CharField()
    pending = serializers.IntegerField()
    ready = serializers.IntegerField()
    running = serializers.IntegerField()
    oldest_wait_ms = serializers.IntegerField(allow_null=True)


class BoardJobSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    tenant = serializers.SlugField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=JobStatus.choices)
    oldest_wait_ms = serializers.IntegerField(allow_null=True)
    cells = CellSerializer(many=True)


class FoldedSerializer(serializers.Serializer[Any]):
    jobs = serializers.IntegerField(help_text="All active jobs that have no row of their own.")
    oldest_wait_ms = serializers.IntegerField(allow_null=True)
    cells = CellSerializer(many=True, help_text="Without what is pending.")
    capped = serializers.BooleanField(help_text="Counting stopped: at 10,000 jobs, or 1,000 tasks.")


@extend_schema_serializer(many=False)
class BoardSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField(help_text="When it was read: newer ones are never lower.")
    stages = serializers.ListField(child=serializers.CharField())
    jobs = BoardJobSerializer(many=True)
    folded = FoldedSerializer()


class QueueViewSet(TenantViewSet):
    queryset = visible_jobs()
    pagination_class = None
    scopes: ClassVar[Mapping[str, str]] = {"list": "jobs:read"}

    @extend_schema(responses=BoardSerializer)
    def list(self, request: Request) -> Response:
        return board_response(request, "queue", self.caller.tenant)
