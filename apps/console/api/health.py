"""Whether the console lives, whether it is ready, and its metrics."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.console.metrics import exposition
from apps.console.readiness import readiness

if TYPE_CHECKING:
    from rest_framework.request import Request


class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()


class WorkerCheckSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    status = serializers.CharField()
    last_heartbeat = serializers.DateTimeField()


class ReadinessSerializer(serializers.Serializer[Any]):
    ready = serializers.BooleanField()
    database = serializers.BooleanField()
    broker = serializers.BooleanField()
    beat = serializers.BooleanField(help_text="The sweep ran lately.")
    workers = WorkerCheckSerializer(many=True)


class OpenView(APIView):
    """A view for whoever asks; it says nothing of any tenant."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    metadata_class = None


class HealthView(OpenView):
    @extend_schema(responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        return Response({"status": "alive"})


class ReadinessView(OpenView):
    @extend_schema(responses={200: ReadinessSerializer, 503: ReadinessSerializer})
    def get(self, request: Request) -> Response:
        found = readiness()
        return Response(found, status=200 if found["ready"] else 503)


class MetricsView(OpenView):
    """`Authorization: Bearer` with CONSOLE_METRICS_TOKEN; not there while that is unset."""

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        token: str = settings.CONSOLE_METRICS_TOKEN
        if not token:
            raise NotFound
        given = request.META.get("HTTP_AUTHORIZATION", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise NotAuthenticated
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
