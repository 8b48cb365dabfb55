"""Realtime workers' heartbeats: registration, lease and sessions in one PUT."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ErrorDetail, NotAuthenticated, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.console.api.fields import StrictSerializer, TextField, WholeField, printable, valid
from apps.console.api.throttle import COUNTER, REQUESTS
from apps.tenants import keys
from apps.tenants.models import WorkerKey
from apps.workers import heartbeats
from apps.workers.router import CONNECT_SECONDS
from apps.workers.status import SAID, WorkerStatus
from apps.workers.tokens import public_keys

if TYPE_CHECKING:
    from rest_framework.request import Request

MOST_MODELS = 200
MOST_SESSIONS = 100_000
NAME = r"^[a-z0-9][a-z0-9._-]*\Z"


class WorkerKeyAuthentication(BaseAuthentication):
    """`Authorization: Token KEY` (or `Bearer`) with a worker key; nothing else is looked at."""

    def authenticate(self, request: Request) -> tuple[None, WorkerKey]:
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        key = keys.authenticate_worker(text) if scheme.lower() in {"token", "bearer"} else None
        if key is None:
            raise NotAuthenticated
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Token realm="workers"'


class IsWorker(BasePermission):
    """Whoever holds a worker key; its bounds are looked at with what it says."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, WorkerKey)


class WorkerThrottle(BaseThrottle):
    """So many requests a minute for each worker key."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        if isinstance(request.auth, WorkerKey):
            identity = f"worker:{request.auth.public_id}"
            COUNTER.hit(REQUESTS, identity, settings.CONSOLE_REQUESTS_PER_MINUTE)
        return True


class IdField(serializers.UUIDField):
    """A UUID as a text."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        found: UUID = super().to_internal_value(data)
        return found


class EndedSerializer(StrictSerializer):
    id = IdField()
    reason = TextField(max_length=200, validators=[printable], allow_blank=True, default="")


class HeartbeatSerializer(StrictSerializer):
    """All that a worker is and has, at each heartbeat."""

    kind = serializers.ChoiceField(choices=["realtime"], default="realtime")
    boot_id = IdField(help_text="Another at each start of the worker.")
    number = WholeField(min_value=0, max_value=2**63 - 1, help_text="Rising.")
    endpoint = TextField(max_length=500, validators=[printable])
    capacity = WholeField(min_value=1, max_value=100_000)
    models = serializers.ListField(
        child=TextField(max_length=100, validators=[printable]), max_length=MOST_MODELS
    )
    node = TextField(max_length=253, validators=[printable])
    status = serializers.ChoiceField(choices=SAID, default=WorkerStatus.READY)
    pid = WholeField(min_value=0, max_value=2**31 - 1, allow_null=True, default=None)
    sessions = serializers.ListField(child=IdField(), max_length=MOST_SESSIONS)
    ended = serializers.ListField(child=EndedSerializer(), max_length=MOST_SESSIONS, default=list)


class KeptSessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    expires_at = serializers.DateTimeField()


class JwkSerializer(serializers.Serializer[Any]):
    kty = serializers.CharField()
    crv = serializers.CharField()
    x = serializers.CharField()
    kid = serializers.CharField()
    alg = serializers.CharField()
    use = serializers.CharField()


class AnswerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="The `aud` of its sessions' tokens.")
    lease_seconds = serializers.IntegerField()
    connect_seconds = serializers.IntegerField(help_text="List a new session within so long.")
    drain = serializers.BooleanField()
    drain_deadline = serializers.DateTimeField(allow_null=True)
    sessions = KeptSessionSerializer(many=True, help_text="End those that are not among them.")
    token_keys = JwkSerializer(many=True)


class LeaveQuery(serializers.Serializer[Any]):
    boot_id = serializers.UUIDField(required=False, help_text="Leave only if this boot is there.")


class WorkerBeatView(APIView):
    authentication_classes = (WorkerKeyAuthentication,)
    permission_classes = (IsWorker,)
    throttle_classes = (WorkerThrottle,)

    @extend_schema(request=HeartbeatSerializer, responses=AnswerSerializer)
    def put(self, request: Request, name: str) -> Response:
        _check_name(name)
        answer = heartbeats.hear(_key(request), name, _heartbeat(request.data))
        worker = answer.worker
        return Response(
            {
                "id": worker.pk,
                "lease_seconds": settings.CONSOLE_LEASE_SECONDS,
                "connect_seconds": CONNECT_SECONDS,
                "drain": answer.drain,
                "drain_deadline": worker.drain_deadline_at,
                "sessions": [{"id": id_, "expires_at": at} for id_, at in answer.sessions],
                "token_keys": public_keys(),
            }
        )

    @extend_schema(
        parameters=[OpenApiParameter("boot_id", UUID, OpenApiParameter.QUERY)],
        responses={204: None},
    )
    def delete(self, request: Request, name: str) -> Response:
        _check_name(name)
        query = valid(LeaveQuery, request.query_params)
        heartbeats.leave(_key(request), name, query.get("boot_id"))
        return Response(status=204)


def _key(request: Request) -> WorkerKey:
    key = request.auth
    if not isinstance(key, WorkerKey):
        raise NotAuthenticated
    return key


def _check_name(name: str) -> None:
    if len(name) > 253 or not re.match(NAME, name):
        detail = "Use lower-case letters, digits, dots, hyphens and underscores, at most 253."
        raise ValidationError({"name": [ErrorDetail(detail, code="invalid")]})


def _heartbeat(data: Any) -> heartbeats.Heartbeat:
    values = valid(HeartbeatSerializer, data)
    del values["kind"]
    values["models"] = sorted(set(values["models"]))
    values["sessions"] = frozenset(values["sessions"])
    values["ended"] = {row["id"]: row["reason"] or "worker_ended" for row in values["ended"]}
    return heartbeats.Heartbeat(**values)
