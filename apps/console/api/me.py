"""Who the caller is, and what they may still use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from apps.console.api.throttle import REQUESTS, SUBMITS, Usage, request_usage, submit_usage
from apps.console.engine_rows import tasks_of
from apps.console.job_rows import visible_jobs
from apps.console.session_rows import open_sessions
from apps.jobs.status import ACTIVE
from apps.tasks.status import TaskStatus
from apps.tenants.callers import ANY
from apps.tenants.models import Tenant
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

    from apps.tenants.callers import Caller


class QuotaSerializer(serializers.Serializer[Any]):
    limit = serializers.IntegerField(allow_null=True, help_text="`null`: unlimited.")
    used = serializers.IntegerField(allow_null=True, help_text="`null`: not counted.")
    resets_at = serializers.DateTimeField(allow_null=True)


class MeSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["staff", "key"])
    name = serializers.CharField()
    username = serializers.CharField(allow_null=True)
    tenant = serializers.CharField(allow_null=True)
    is_staff = serializers.BooleanField()
    is_superuser = serializers.BooleanField()
    scopes = serializers.ListField(child=serializers.CharField())
    key_expires_at = serializers.DateTimeField(allow_null=True)
    quotas = serializers.DictField(child=QuotaSerializer())


class MeViewSet(TenantViewSet):
    queryset = Tenant.objects.all()
    scopes: ClassVar[Mapping[str, str]] = {"retrieve": ANY}

    @extend_schema(responses=MeSerializer)
    def retrieve(self, request: Request) -> Response:
        caller = self.caller
        return Response({**_identity(caller), "quotas": _quotas(caller)})


def _identity(caller: Caller) -> dict[str, Any]:
    user, key = caller.user, caller.key
    username = user.get_username() if user else None
    return {
        "kind": caller.kind,
        "name": key.name if key else (user.get_full_name() if user else "") or username,
        "username": username,
        "tenant": caller.tenant.slug if caller.tenant else None,
        "is_staff": caller.is_staff,
        "is_superuser": user.is_superuser if user else False,
        "scopes": sorted(caller.scopes),
        "key_expires_at": key.expires_at if key else None,
    }


def _quotas(caller: Caller) -> dict[str, Any]:
    quotas = {REQUESTS: _counted(request_usage(caller))}
    tenant = caller.tenant
    if tenant is not None:
        jobs = visible_jobs().of(tenant).filter(status__in=ACTIVE).count()
        tasks = tasks_of(tenant, TaskStatus.RUNNING).count()
        quotas["max_active_jobs"] = _held(tenant.max_active_jobs, jobs)
        quotas["max_running_tasks"] = _held(tenant.max_running_tasks, tasks)
        quotas["max_sessions"] = _held(tenant.max_sessions, open_sessions(tenant).count())
        quotas[SUBMITS] = _counted(submit_usage(tenant))
    return quotas


def _held(limit: int | None, used: int) -> dict[str, Any]:
    return {"limit": limit, "used": used, "resets_at": None}


def _counted(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {"limit": None, "used": None, "resets_at": None}
    return {"limit": usage.limit, "used": usage.used, "resets_at": usage.resets_at}
