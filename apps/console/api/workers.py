"""Workers and nodes: what each has in hand; drain and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response

from apps.console.api.fields import StrictSerializer, WholeField, valid
from apps.console.worker_rows import fleet, node_row, worker_row
from apps.tenants.scoping import TenantViewSet
from apps.workers import transitions
from apps.workers.models import Node, Worker
from apps.workers.status import SessionStatus, WorkerKind, WorkerStatus

if TYPE_CHECKING:
    from rest_framework.request import Request


class InHandSerializer(serializers.Serializer[Any]):
    task_id = serializers.UUIDField()
    job_id = serializers.UUIDField()
    tenant = serializers.CharField()
    key = serializers.CharField()
    engine_id = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    attempt = serializers.IntegerField()


class HeldSessionSerializer(serializers.Serializer[Any]):
    session_id = serializers.UUIDField()
    tenant = serializers.CharField()
    model = serializers.CharField()
    status = serializers.ChoiceField(choices=SessionStatus.choices)
    created_at = serializers.DateTimeField()


class DrainSerializer(StrictSerializer):
    deadline_seconds = WholeField(
        min_value=0,
        max_value=604_800,
        allow_null=True,
        default=None,
        help_text="Of a realtime worker: end the sessions that are left after so long.",
    )


class ServedEngineSerializer(serializers.Serializer[Any]):
    engine_id = serializers.CharField()
    slots = serializers.IntegerField(allow_null=True)
    hash = serializers.CharField(allow_null=True)
    drift = serializers.BooleanField(
        help_text="Another online worker runs this engine with another definition."
    )


class WorkerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=WorkerKind.choices)
    node = serializers.CharField()
    pid = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=WorkerStatus.choices)
    lost = serializers.BooleanField(
        help_text="It fell silent, and has neither left in order nor come back."
    )
    engines = ServedEngineSerializer(many=True)
    slots = serializers.IntegerField()
    in_hand = serializers.IntegerField()
    tasks_in_hand = InHandSerializer(many=True, help_text="The first 50.")
    sessions_in_hand = HeldSessionSerializer(many=True, help_text="The first 50.")
    models = serializers.ListField(child=serializers.CharField())
    empty_in_seconds = serializers.IntegerField(
        allow_null=True, help_text="While it drains: when its sessions have likely ended."
    )
    started_at = serializers.DateTimeField()
    last_heartbeat_at = serializers.DateTimeField()
    last_proof_at = serializers.DateTimeField(
        allow_null=True, help_text="The latest of the three that follow."
    )
    last_claim_at = serializers.DateTimeField(allow_null=True)
    last_finish_at = serializers.DateTimeField(allow_null=True)
    canary_at = serializers.DateTimeField(allow_null=True)
    lease_until = serializers.DateTimeField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    drain_requested_at = serializers.DateTimeField(allow_null=True)
    drain_requested_by = serializers.CharField(allow_null=True)
    drain_deadline_at = serializers.DateTimeField(allow_null=True)
    engines_hash = serializers.CharField()
    drift = serializers.BooleanField()
    stale_reports = serializers.IntegerField()


class NodeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    drain_requested_at = serializers.DateTimeField(allow_null=True)
    drain_requested_by = serializers.CharField(allow_null=True)
    workers = serializers.IntegerField(help_text="Those online.")


@extend_schema_serializer(many=False)
class FleetSerializer(serializers.Serializer[Any]):
    workers = WorkerSerializer(many=True)
    nodes = NodeSerializer(many=True)


class WorkerViewSet(TenantViewSet):
    queryset = Worker.objects.all()
    pagination_class = None
    staff_only = True

    @extend_schema(responses=FleetSerializer)
    def list(self, request: Request) -> Response:
        return Response(fleet(self.caller.tenant))

    @extend_schema(request=DrainSerializer, responses=WorkerSerializer)
    def drain(self, request: Request, worker_id: str) -> Response:
        worker = self.find(self.queryset.all(), id=worker_id)
        deadline = valid(DrainSerializer, request.data)["deadline_seconds"]
        if deadline is not None and worker.kind == WorkerKind.BATCH:
            detail = "A batch worker has no sessions that could be ended."
            raise ValidationError({"deadline_seconds": [ErrorDetail(detail, code="invalid")]})
        transitions.drain(worker.pk, self.caller.actor, deadline)
        return Response(worker_row(worker.pk, self.caller.tenant))

    @extend_schema(request=None, responses=WorkerSerializer)
    def resume(self, request: Request, worker_id: str) -> Response:
        worker = self.find(self.queryset.all(), id=worker_id)
        transitions.resume(worker.pk, self.caller.actor)
        return Response(worker_row(worker.pk, self.caller.tenant))

    @extend_schema(request=None, responses=NodeSerializer)
    def drain_node(self, request: Request, name: str) -> Response:
        node = self.find(Node.objects.all(), name=name)
        transitions.drain_node(node.pk, self.caller.actor)
        return Response(node_row(node.pk))

    @extend_schema(request=None, responses=NodeSerializer)
    def resume_node(self, request: Request, name: str) -> Response:
        node = self.find(Node.objects.all(), name=name)
        transitions.resume_node(node.pk, self.caller.actor)
        return Response(node_row(node.pk))
