"""Cards by machine, and the history of one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from apps.console.api.fields import names_of, valid_query
from apps.console.gpu_history import Step, history
from apps.console.live.boards import board_response
from apps.tenants.scoping import TenantViewSet
from apps.workers.card_models import Gpu
from apps.workers.cards.reading import DRIVERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from rest_framework.request import Request

USUAL = timedelta(hours=1)
KINDS = ("attempt", "engine", "worker", "foreign", "hidden")
WHY = "Why it is not known; null where it is."


class HolderSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=KINDS,
        help_text="engine: a host kept warm; hidden: its machine does not show the process.",
    )
    pid = serializers.IntegerField()
    used_mb = serializers.IntegerField(allow_null=True)
    tenant = serializers.CharField(allow_null=True)
    job_id = serializers.UUIDField(allow_null=True)
    task_id = serializers.UUIDField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    attempt = serializers.IntegerField(allow_null=True)
    engine_id = serializers.CharField(allow_null=True)
    worker_id = serializers.UUIDField(allow_null=True)
    worker = serializers.CharField(allow_null=True)


class CardSerializer(serializers.Serializer[Any]):
    uuid = serializers.CharField()
    index = serializers.IntegerField()
    name = serializers.CharField()
    mig_parent = serializers.CharField(allow_null=True)
    driver = serializers.ChoiceField(choices=DRIVERS)
    status = serializers.ChoiceField(choices=["ok", "lost", "unreadable", "stale"])
    reason = serializers.CharField(allow_null=True, help_text=WHY)
    total_mb = serializers.IntegerField(allow_null=True)
    used_mb = serializers.IntegerField(allow_null=True, help_text="MiB; null is not 0.")
    utilization = serializers.IntegerField(allow_null=True)
    temperature = serializers.IntegerField(allow_null=True)
    power_w = serializers.FloatField(allow_null=True)
    sampled_at = serializers.DateTimeField(allow_null=True)
    age_ms = serializers.IntegerField(allow_null=True)
    first_seen_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    holders = HolderSerializer(many=True)


class GpuNodeSerializer(serializers.Serializer[Any]):
    node = serializers.CharField()
    status = serializers.ChoiceField(choices=["ok", "none", "degraded", "stale"])
    reason = serializers.CharField(allow_null=True, help_text="Why none could be read.")
    detail = serializers.CharField(allow_null=True)
    driver = serializers.ChoiceField(choices=DRIVERS)
    driver_version = serializers.CharField(allow_null=True)
    sampled_at = serializers.DateTimeField()
    age_ms = serializers.IntegerField(allow_null=True)
    cards = CardSerializer(many=True)


@extend_schema_serializer(many=False)
class GpuBoardSerializer(serializers.Serializer[Any]):
    seq = serializers.IntegerField(help_text="When it was read: newer ones are never lower.")
    nodes = GpuNodeSerializer(many=True)


class SampleSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    used_mb = serializers.FloatField(allow_null=True)
    used_peak_mb = serializers.IntegerField(allow_null=True)
    utilization = serializers.FloatField(allow_null=True)
    utilization_peak = serializers.IntegerField(allow_null=True)
    temperature = serializers.FloatField(allow_null=True)
    temperature_peak = serializers.IntegerField(allow_null=True)
    power_w = serializers.FloatField(allow_null=True)
    power_peak_w = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_null=True, help_text=WHY)


@extend_schema_serializer(many=False)
class HistorySerializer(serializers.Serializer[Any]):
    uuid = serializers.CharField()
    driver = serializers.ChoiceField(choices=DRIVERS)
    total_mb = serializers.IntegerField(allow_null=True)
    step = serializers.ChoiceField(choices=[step.value for step in Step])
    seconds = serializers.IntegerField(
        allow_null=True, help_text="How long each row stands for; null where each is a moment."
    )
    samples = SampleSerializer(many=True)


class HistoryQuery(serializers.Serializer[Any]):
    since = serializers.DateTimeField(required=False, help_text="Left out: an hour ago.")
    step = serializers.ChoiceField(
        choices=[step.value for step in Step],
        required=False,
        help_text="Left out: the finest that is kept for so long.",
    )


class GpuViewSet(TenantViewSet):
    queryset = Gpu.objects.all()
    pagination_class = None
    staff_only = True
    query_params: ClassVar[Mapping[str, frozenset[str]]] = {"samples": names_of(HistoryQuery)}

    @extend_schema(responses=GpuBoardSerializer)
    def list(self, request: Request) -> Response:
        return board_response(request, "gpus", self.caller.tenant)

    @extend_schema(parameters=[HistoryQuery], responses=HistorySerializer)
    def samples(self, request: Request, uuid: str) -> Response:
        query = valid_query(HistoryQuery, request.query_params)
        gpu = self.find(self.queryset.all(), uuid=uuid)
        step = Step(query["step"]) if "step" in query else None
        return Response(history(gpu, _since(query), step))


def _since(query: Mapping[str, Any]) -> datetime:
    """Raises ValidationError."""
    now = timezone.now()
    since: datetime = query.get("since") or now - USUAL
    if not 2000 <= since.year <= 2200:
        error = ErrorDetail("The year must be from 2000 to 2200.", code="out_of_range")
        raise ValidationError({"since": [error]})
    return since
