"""The tasks of a job: list, look at, retry, read the log, ask why."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from apps.console.api.fields import names_of, valid, valid_query
from apps.console.api.logs import TaskLogPageSerializer, TaskLogQuery, task_log
from apps.console.api.tasks_serializers import (
    JobTasksSerializer,
    TaskDetailSerializer,
    TaskRetrySerializer,
    WhySerializer,
)
from apps.console.job_rows import visible_jobs
from apps.console.live.boards import polled_exactly
from apps.console.task_rows import job_tasks, task_detail
from apps.console.why import explain
from apps.jobs.models import Job
from apps.tasks import control
from apps.tasks.models import Task
from apps.tenants.scoping import TenantViewSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rest_framework.request import Request

    from apps.console.task_rows import TaskDetail


class TaskViewSet(TenantViewSet):
    queryset = Task.objects.filter(job__deleted_at=None).only("id", "job_id", "attempt")
    pagination_class = None
    scopes: ClassVar[Mapping[str, str]] = {
        "list": "jobs:read",
        "retrieve": "jobs:read",
        "retry": "jobs:write",
        "logs": "jobs:read",
        "why": "jobs:read",
    }
    query_params: ClassVar[Mapping[str, frozenset[str] | set[str]]] = {
        "logs": names_of(TaskLogQuery)
    }

    def task(self) -> Task:
        """The task of the path, if it is the job's and the caller may see it."""
        path = {"id": self.kwargs["task_id"], "job_id": self.kwargs["job_id"]}
        return self.find(self.queryset.all(), **path)

    def _shown(self, task: Task) -> TaskDetail:
        return task_detail(task.pk, to_tenant=self.caller.tenant is not None)

    @extend_schema(responses=JobTasksSerializer)
    def list(self, request: Request, job_id: str) -> Response:
        job: Job = self.find(visible_jobs().only("id"), id=job_id)
        return polled_exactly(request, job_tasks(job.pk))

    @extend_schema(responses=TaskDetailSerializer)
    def retrieve(self, request: Request, job_id: str, task_id: str) -> Response:
        return Response(self._shown(self.task()))

    @extend_schema(request=TaskRetrySerializer, responses=TaskDetailSerializer)
    def retry(self, request: Request, job_id: str, task_id: str) -> Response:
        task = self.task()
        change = valid(TaskRetrySerializer, request.data)
        control.retry_task(task.job_id, task.pk, self.caller.actor, **change)
        return Response(self._shown(task))

    @extend_schema(parameters=[TaskLogQuery], responses=TaskLogPageSerializer)
    def logs(self, request: Request, job_id: str, task_id: str) -> Response:
        task = self.task()
        query = {"attempt": task.attempt, **valid_query(TaskLogQuery, request.query_params)}
        return Response(task_log(task.pk, **query))

    @extend_schema(responses=WhySerializer)
    def why(self, request: Request, job_id: str, task_id: str) -> Response:
        to_tenant = self.caller.tenant is not None
        return Response(explain(self.task().pk, to_tenant=to_tenant))
