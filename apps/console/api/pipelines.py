"""Pipelines: the named task graphs a job can be submitted by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.jobs.models import Pipeline
from apps.tasks.engines.registry import registry
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request


class PipelineSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    tenant = serializers.CharField(allow_null=True, help_text="`null`: every tenant's.")
    description = serializers.CharField()
    tasks = serializers.JSONField(help_text="A list of tasks, as in a submission.")
    demo = serializers.BooleanField(help_text="Built in, for a first look.")


class PipelineViewSet(TenantViewSet):
    queryset = Pipeline.objects.filter(active=True).select_related("tenant")
    pagination_class = None
    shared_rows = True
    scopes: ClassVar[Mapping[str, str]] = {"list": "jobs:read"}

    @extend_schema(responses=PipelineSerializer(many=True))
    def list(self, request: Request) -> Response:
        kept = list(self.get_queryset().order_by("name", "tenant__slug"))
        if self.caller.tenant is not None:
            own = {pipeline.name for pipeline in kept if pipeline.tenant_id}
            kept = [row for row in kept if row.tenant_id or row.name not in own]
        names = {pipeline.name for pipeline in kept}
        shown = [_shown(pipeline) for pipeline in kept]
        return Response(shown + [row for row in _built_in() if row["name"] not in names])


def _shown(pipeline: Pipeline) -> dict[str, Any]:
    return {
        "name": pipeline.name,
        "tenant": pipeline.tenant.slug if pipeline.tenant else None,
        "description": pipeline.description,
        "tasks": pipeline.tasks,
        "demo": False,
    }


def _built_in() -> list[dict[str, Any]]:
    return [
        {
            "name": pipeline.name,
            "tenant": None,
            "description": pipeline.description,
            "tasks": pipeline.tasks,
            "demo": True,
        }
        for pipeline in registry().pipelines.values()
    ]
