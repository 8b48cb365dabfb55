"""Realtime sessions: open, list, look at, keep, release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import django_filters
import orjson
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from apps.console.api.fields import StrictSerializer, TextField, WholeField, names_of, printable
from apps.console.api.fields import valid as checked
from apps.console.api.jobs_serializers import idempotency_key
from apps.console.api.pagination import KeysetPagination, PageQuery
from apps.console.api.schema import ErrorSerializer
from apps.console.live.boards import polled
from apps.console.session_rows import COLUMNS, session_detail, session_rows
from apps.tenants.scoping import TenantViewSet
from apps.tenants.strict_json import check_keys
from apps.workers import sessions
from apps.workers.models import Session
from apps.workers.router import Wanted, open_session
from apps.workers.status import OPEN, SessionStatus
from apps.workers.tokens import token_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

_IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)
MOST_METADATA_BYTES = 16_384


class MetadataField(serializers.JSONField):
    """An object that is kept with the session, for its tenant."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise ValidationError("Expected an object.", code="invalid")
        check_keys(data, self.field_name or "metadata")
        if len(orjson.dumps(data)) > MOST_METADATA_BYTES:
            raise ValidationError(f"It takes {MOST_METADATA_BYTES:,} bytes.", code="too_large")
        return data


class SessionRequestSerializer(StrictSerializer):
    """A session to be."""

    model = TextField(max_length=100, validators=[printable])
    ttl_seconds = WholeField(min_value=30, max_value=86_400, default=3600)
    metadata = MetadataField(default=dict)


class SessionWorkerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    endpoint = serializers.CharField()
    name = serializers.CharField(allow_null=True, help_text="For staff.")


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    tenant = serializers.SlugField()
    model = serializers.CharField()
    status = serializers.ChoiceField(choices=SessionStatus.choices)
    worker = SessionWorkerSerializer()
    metadata = serializers.DictField()
    ttl_seconds = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    connect_by = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(
        help_text="To a tenant: then or later, where its worker put it off."
    )
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField(allow_null=True)
    duration_ms = serializers.IntegerField(allow_null=True)


class CandidateSerializer(serializers.Serializer[Any]):
    worker_id = serializers.UUIDField()
    worker = serializers.CharField()
    active = serializers.IntegerField()
    capacity = serializers.IntegerField()
    verdict = serializers.CharField(
        help_text="chosen, busier, locked, full, draining, unhealthy or silent."
    )


class PlacementSerializer(serializers.Serializer[Any]):
    candidates = CandidateSerializer(many=True)
    rounds = serializers.IntegerField()
    milliseconds = serializers.FloatField()


class SessionDetailSerializer(SessionSerializer):
    placement = PlacementSerializer(
        allow_null=True, help_text="How the router came to this worker. For staff."
    )


class OpenSessionSerializer(SessionDetailSerializer):
    token = serializers.CharField(
        allow_null=True, help_text="What the worker wants to see. Null when the session has ended."
    )


@extend_schema_serializer(many=False)
class SessionPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(allow_null=True)
    count_capped = serializers.BooleanField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SessionSerializer(many=True)


class SessionFilter(django_filters.FilterSet):  # type: ignore[misc]
    status = django_filters.MultipleChoiceFilter(choices=SessionStatus.choices)
    model = django_filters.CharFilter(max_length=100)


class SessionViewSet(TenantViewSet):
    queryset = Session.objects.all()
    filter_backends = (DjangoFilterBackend,)
    filterset_class = SessionFilter
    pagination_class = KeysetPagination
    scopes: ClassVar[Mapping[str, str]] = {
        "list": "realtime:read",
        "create": "realtime:write",
        "retrieve": "realtime:read",
        "destroy": "realtime:write",
        "heartbeat": "realtime:write",
    }
    query_params: ClassVar[Mapping[str, frozenset[str] | set[str]]] = {"list": names_of(PageQuery)}

    @property
    def countable(self) -> bool:
        """Whether the list can be counted from an index."""
        return not {"model", "status"} & self.request.query_params.keys()

    @property
    def to_tenant(self) -> bool:
        return self.caller.tenant is not None

    def _session(self, session_id: str) -> Session:
        return self.find(Session.objects.select_related("tenant"), id=session_id)

    def _with_token(self, session: Session) -> dict[str, Any]:
        token = token_of(session) if session.status in OPEN else None
        return {**session_detail(session.pk, to_tenant=self.to_tenant), "token": token}

    @extend_schema(parameters=[PageQuery], responses=SessionPageSerializer)
    def list(self, request: Request) -> Response:
        found = self.filter_queryset(self.get_queryset()).values(*COLUMNS)
        rows = session_rows(self.paginate_queryset(found) or (), to_tenant=self.to_tenant)
        return polled(request, self.get_paginated_response(rows).data)

    @extend_schema(
        parameters=[_IDEMPOTENCY_KEY],
        request=SessionRequestSerializer,
        responses={
            201: OpenSessionSerializer,
            200: OpenSessionSerializer,
            422: ErrorSerializer,
            503: ErrorSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        tenant = self.tenant_for_write()
        wanted = Wanted(**checked(SessionRequestSerializer, request.data))
        key = idempotency_key(request)
        session, created = open_session(tenant, wanted, self.caller.actor, key)
        return Response(self._with_token(session), status=201 if created else 200)

    @extend_schema(responses=SessionDetailSerializer)
    def retrieve(self, request: Request, session_id: str) -> Response:
        session = self._session(session_id)
        return polled(request, session_detail(session.pk, to_tenant=self.to_tenant))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, session_id: str) -> Response:
        sessions.release(self._session(session_id), self.caller.actor)
        return Response(status=204)

    @extend_schema(request=None, responses=OpenSessionSerializer)
    def heartbeat(self, request: Request, session_id: str) -> Response:
        session = self._session(session_id)
        sessions.renew(session)
        return Response(self._with_token(session))
