"""Jobs: list, submit, look at, cancel, retry, clone, raise, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from apps.console.api.fields import names_of, valid, valid_query
from apps.console.api.jobs_filters import JobFilter
from apps.console.api.jobs_serializers import (
    CancelSerializer,
    CloneSerializer,
    EventPageSerializer,
    EventsQuery,
    JobDetailSerializer,
    JobPageSerializer,
    SubmissionSerializer,
    WaitQuery,
    idempotency_key,
)
from apps.console.api.logs import JobLogPageSerializer, JobLogQuery, job_log
from apps.console.api.pagination import KeysetPagination, PageQuery
from apps.console.api.schema import ErrorSerializer
from apps.console.api.throttle import check_submit_quota
from apps.console.event_rows import event_page
from apps.console.job_rows import COLUMNS, job_detail, job_rows, new_job, visible_jobs
from apps.console.live.boards import polled
from apps.console.waiting import wait_for_end
from apps.jobs.models import Job
from apps.tasks import control, raising
from apps.tasks.submit import Submission, clone, submit
from apps.tenants.callers import STAFF
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from rest_framework.request import Request

    from apps.console.job_rows import JobDetail

_IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)
_NOT_COUNTED = {
    "q", "engine", "error_code", "pipeline", "label", "created_after", "created_before",
}  # fmt: skip


class JobViewSet(TenantViewSet):
    queryset = visible_jobs()
    filter_backends = (DjangoFilterBackend,)
    filterset_class = JobFilter
    pagination_class = KeysetPagination
    scopes: ClassVar[Mapping[str, str]] = {
        "list": "jobs:read",
        "create": "jobs:write",
        "retrieve": "jobs:read",
        "destroy": "jobs:write",
        "cancel": "jobs:write",
        "retry": "jobs:write",
        "clone": "jobs:write",
        "raise_": STAFF,
        "lower": STAFF,
        "events": "jobs:read",
        "logs": "jobs:read",
    }
    query_params: ClassVar[Mapping[str, frozenset[str] | set[str]]] = {
        "list": names_of(PageQuery),
        "retrieve": names_of(WaitQuery),
        "events": names_of(EventsQuery),
        "logs": names_of(JobLogQuery),
    }

    @property
    def countable(self) -> bool:
        """Whether the list can be counted from an index."""
        return _NOT_COUNTED.isdisjoint(self.request.query_params)

    def job_id(self) -> UUID:
        """The job of the path, if the caller may see it."""
        found: Job = self.find(visible_jobs().only("id"), id=self.kwargs["job_id"])
        return found.pk

    def _shown(self, job_id: UUID) -> JobDetail:
        return job_detail(job_id, to_tenant=self.caller.tenant is not None)

    @extend_schema(parameters=[PageQuery], responses=JobPageSerializer)
    def list(self, request: Request) -> Response:
        found = self.filter_queryset(self.get_queryset()).values(*COLUMNS)
        rows = job_rows(self.paginate_queryset(found) or ())
        return polled(request, self.get_paginated_response(rows).data)

    @extend_schema(
        parameters=[_IDEMPOTENCY_KEY],
        request=SubmissionSerializer,
        responses={201: JobDetailSerializer, 200: JobDetailSerializer, 422: ErrorSerializer},
    )
    def create(self, request: Request) -> Response:
        tenant = self.tenant_for_write()
        submission = Submission(**valid(SubmissionSerializer, request.data))
        check_submit_quota(tenant)
        key = idempotency_key(request)
        job, created = submit(tenant, submission, self.caller.actor, key)
        if not created:
            return Response(self._shown(job.pk))
        return Response(new_job(job, submission.labels, tenant), status=201)

    @extend_schema(parameters=[WaitQuery], responses=JobDetailSerializer)
    def retrieve(self, request: Request, job_id: str) -> Response:
        found = self.job_id()
        wait_for_end(found, valid_query(WaitQuery, request.query_params)["wait"])
        return polled(request, self._shown(found))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, job_id: str) -> Response:
        control.delete(self.job_id(), self.caller.actor)
        return Response(status=204)

    @extend_schema(request=CancelSerializer, responses={202: JobDetailSerializer})
    def cancel(self, request: Request, job_id: str) -> Response:
        found = self.job_id()
        control.cancel(found, self.caller.actor, **valid(CancelSerializer, request.data))
        return Response(self._shown(found), status=202)

    @extend_schema(request=None, responses=JobDetailSerializer)
    def retry(self, request: Request, job_id: str) -> Response:
        found = self.job_id()
        control.retry(found, self.caller.actor)
        return Response(self._shown(found))

    @extend_schema(request=CloneSerializer, responses={201: JobDetailSerializer})
    def clone(self, request: Request, job_id: str) -> Response:
        job: Job = self.find(visible_jobs().select_related("tenant"), id=job_id)
        check_submit_quota(job.tenant)
        copy = clone(job, self.caller.actor, **valid(CloneSerializer, request.data))
        return Response(self._shown(copy.pk), status=201)

    @extend_schema(request=None, responses=JobDetailSerializer)
    def raise_(self, request: Request, job_id: str) -> Response:
        found = self.job_id()
        raising.raise_job(found, self.caller.actor)
        return Response(self._shown(found))

    @extend_schema(request=None, responses=JobDetailSerializer)
    def lower(self, request: Request, job_id: str) -> Response:
        found = self.job_id()
        raising.lower_job(found, self.caller.actor)
        return Response(self._shown(found))

    @extend_schema(parameters=[EventsQuery], responses=EventPageSerializer)
    def events(self, request: Request, job_id: str) -> Response:
        after = valid_query(EventsQuery, request.query_params)["after"]
        to_tenant = self.caller.tenant is not None
        return Response(event_page(self.job_id(), after, to_tenant=to_tenant))

    @extend_schema(parameters=[JobLogQuery], responses=JobLogPageSerializer)
    def logs(self, request: Request, job_id: str) -> Response:
        query = valid_query(JobLogQuery, request.query_params)
        return Response(job_log(self.job_id(), **query))
