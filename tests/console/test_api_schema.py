"""What the API says of itself is what it answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.serializers import Serializer

from apps.console import (
    dashboard,
    engine_rows,
    event_rows,
    job_rows,
    readiness,
    realtime,
    session_rows,
    task_rows,
    why,
    why_case,
)
from apps.console.api import dashboard as dashboard_api
from apps.console.api import engines, health, jobs_serializers, sessions, tasks_serializers
from apps.console.api import realtime as realtime_api

PAIRS = [
    (jobs_serializers.JobSerializer, job_rows.JobRow),
    (jobs_serializers.JobDetailSerializer, job_rows.JobDetail),
    (jobs_serializers.EventSerializer, event_rows.EventRow),
    (jobs_serializers.EventPageSerializer, event_rows.EventPage),
    (tasks_serializers.TaskSerializer, task_rows.TaskRow),
    (tasks_serializers.TaskDetailSerializer, task_rows.TaskDetail),
    (tasks_serializers.JobTasksSerializer, task_rows.JobTasks),
    (tasks_serializers.AttemptSerializer, task_rows.AttemptRow),
    (tasks_serializers.TaskFileSerializer, task_rows.TaskFileRow),
    (tasks_serializers.WhySerializer, why.Why),
    (tasks_serializers.SpanSerializer, why.Span),
    (tasks_serializers.BlockingSerializer, why_case.Blocking),
    (engines.EngineSerializer, engine_rows.EngineRow),
    (realtime_api.RealtimeStatusSerializer, realtime.RealtimeStatus),
    (realtime_api.RealtimeWorkerSerializer, realtime.RealtimeWorkerRow),
    (realtime_api.ModelSerializer, realtime.ModelRow),
    (sessions.SessionSerializer, session_rows.SessionRow),
    (sessions.SessionDetailSerializer, session_rows.SessionDetail),
    (sessions.SessionWorkerSerializer, session_rows.SessionWorker),
    (dashboard_api.DashboardSerializer, dashboard.Dashboard),
    (dashboard_api.SystemSerializer, dashboard.SystemFigures),
    (dashboard_api.BatchSerializer, dashboard.BatchFigures),
    (dashboard_api.ReasonSerializer, dashboard.Reason),
    (health.ReadinessSerializer, readiness.Readiness),
    (health.WorkerCheckSerializer, readiness.WorkerCheck),
]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    make: Any = SchemaGenerator
    document: dict[str, Any] = make().get_schema(request=None, public=True)
    return document


@pytest.mark.parametrize(("serializer", "row"), PAIRS)
def test_a_described_shape_has_the_fields_of_its_rows(
    serializer: type[Serializer[Any]], row: type
) -> None:
    assert set(serializer().fields) == set(row.__annotations__)


def test_every_operation_names_its_errors_in_one_shape(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            default = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert default == {"$ref": "#/components/schemas/Error"}, path


def test_a_key_or_a_session_opens_every_path_but_the_health_checks(schema: dict[str, Any]) -> None:
    either: list[dict[str, list[str]]] = [{"key": []}, {"session": []}]
    for path, operations in schema["paths"].items():
        wanted = None if re.search("(healthz|readyz)$", path) else either
        if path.endswith("/workers/{name}"):
            wanted = [{"workerKey": []}]
        assert [operation.get("security") for operation in operations.values()] == [wanted] * len(
            operations
        )


def test_staff_find_the_choice_of_a_tenant_wherever_there_is_one(schema: dict[str, Any]) -> None:
    parameters = schema["paths"]["/api/console/jobs"]["get"]["parameters"]
    assert {"tenant", "status", "limit", "cursor"} <= {each["name"] for each in parameters}


def test_every_operation_has_a_summary() -> None:
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    schema = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    bare = [
        (path, method)
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
        if not operation.get("summary")
    ]
    assert not bare
