"""Workers and nodes: what each has in hand; drain and resume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from apps.console.worker_rows import fleet, node_row, worker_row
from apps.tenants.scoping import TenantViewSet
from apps.workers import transitions
from apps.workers.models import Node, Worker
from apps.workers.status import WorkerKind, WorkerStatus

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
    engines = ServedEngineSerializer(many=True)
    slots = serializers.IntegerField()
    in_hand = serializers.IntegerField()
    tasks_in_hand = InHandSerializer(many=True, help_text="The first 50.")
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

    @extend_schema(request=None, responses=WorkerSerializer)
    def drain(self, request: Request, worker_id: str) -> Response:
        worker = self.find(self.queryset.all(), id=worker_id)
        transitions.drain(worker.pk, self.caller.actor)
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
