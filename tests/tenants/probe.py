"""A viewset over jobs and files with nothing of its own: what `TenantViewSet` does by itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import include, path
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from apps.jobs.models import FilePart, Pipeline, StoredFile
from apps.tenants.scoping import TenantRelatedField, TenantViewSet
from apps.workers.models import Node
from console_project.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500"]


class FileSerializer(serializers.ModelSerializer):
    class Meta:
        model = StoredFile
        fields = ("id", "name")


class NodeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Node
        fields = ("name",)


class PipelineSerializer(serializers.ModelSerializer):
    class Meta:
        model = Pipeline
        fields = ("name",)


class PartSerializer(serializers.Serializer):
    file = TenantRelatedField(queryset=StoredFile.objects.all())


class FileViewSet(
    TenantViewSet, mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin
):
    queryset = StoredFile.objects.order_by("-id")
    serializer_class = FileSerializer
    pagination_class = None
    query_params: ClassVar = {"list": {"q"}}
    scopes: ClassVar = {
        "list": "jobs:read",
        "retrieve": "jobs:read",
        "create": "jobs:write",
        "whoami": "any",
        "sweep": "staff",
        "relate": "jobs:write",
        "part": "jobs:read",
    }

    def create(self, request: Request) -> Response:
        return Response({"tenant": self.tenant_for_write().slug}, status=201)

    @action(detail=False)
    def whoami(self, request: Request) -> Response:
        tenant = self.caller.tenant
        return Response({"actor": self.caller.actor.name, "tenant": tenant and tenant.slug})

    @action(detail=False)
    def sweep(self, request: Request) -> Response:
        return Response({})

    @action(detail=False, methods=["post"])
    def relate(self, request: Request) -> Response:
        serializer = PartSerializer(data=request.data, context={"view": self})
        serializer.is_valid(raise_exception=True)
        return Response({"file": str(serializer.validated_data["file"].pk)})

    @action(detail=True)
    def part(self, request: Request, pk: str) -> Response:
        parts: Any = FilePart.objects.all()
        return Response({"number": self.find(parts, file_id=pk, number=1).number})


class HiddenViewSet(TenantViewSet, mixins.ListModelMixin):
    queryset = StoredFile.objects.all()
    serializer_class = FileSerializer
    staff_only = True


class UnownedViewSet(TenantViewSet, mixins.ListModelMixin):
    queryset = Node.objects.all()
    serializer_class = NodeSerializer
    pagination_class = None
    scopes: ClassVar = {"list": "any"}


class SharedViewSet(TenantViewSet, mixins.ListModelMixin):
    queryset = Pipeline.objects.all()
    serializer_class = PipelineSerializer
    pagination_class = None
    shared_rows = True
    scopes: ClassVar = {"list": "any"}


class PlainView(APIView):
    scopes: ClassVar = {"get": "jobs:read"}

    def get(self, request: Request) -> Response:
        return Response({})


_router = SimpleRouter(trailing_slash=False)
_router.register("files", FileViewSet, basename="probe")
_router.register("hidden", HiddenViewSet, basename="hidden")

_router.register("unowned", UnownedViewSet, basename="unowned")
_router.register("shared", SharedViewSet, basename="shared")

urlpatterns = [
    path("api/probe/", include(_router.urls)),
    path("api/probe/plain", PlainView.as_view()),
    *urlpatterns,
]
