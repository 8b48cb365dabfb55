"""Every path of the API, under `/api/console/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from apps.console.api import health, schema
from apps.console.api.dashboard import DashboardViewSet
from apps.console.api.engines import EngineViewSet
from apps.console.api.files import FileViewSet, SignedFileView
from apps.console.api.jobs import JobViewSet
from apps.console.api.me import MeViewSet
from apps.console.api.pipelines import PipelineViewSet
from apps.console.api.realtime import RealtimeViewSet
from apps.console.api.tasks import TaskViewSet
from apps.console.api.tenants import TenantListViewSet

if TYPE_CHECKING:
    from django.urls import URLPattern

__all__ = ["schema", "urlpatterns"]

_JOB = "jobs/<str:job_id>"
_TASK = f"{_JOB}/tasks/<str:task_id>"
_FILE = "files/<str:file_id>"

urlpatterns: list[URLPattern] = [
    path("dashboard", DashboardViewSet.as_view({"get": "retrieve"})),
    path("jobs", JobViewSet.as_view({"get": "list", "post": "create"})),
    path(_JOB, JobViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path(f"{_JOB}/cancel", JobViewSet.as_view({"post": "cancel"})),
    path(f"{_JOB}/retry", JobViewSet.as_view({"post": "retry"})),
    path(f"{_JOB}/clone", JobViewSet.as_view({"post": "clone"})),
    path(f"{_JOB}/events", JobViewSet.as_view({"get": "events"})),
    path(f"{_JOB}/logs", JobViewSet.as_view({"get": "logs"})),
    path(f"{_JOB}/tasks", TaskViewSet.as_view({"get": "list"})),
    path(_TASK, TaskViewSet.as_view({"get": "retrieve"})),
    path(f"{_TASK}/retry", TaskViewSet.as_view({"post": "retry"})),
    path(f"{_TASK}/logs", TaskViewSet.as_view({"get": "logs"})),
    path(f"{_TASK}/why", TaskViewSet.as_view({"get": "why"})),
    path("files", FileViewSet.as_view({"post": "create"})),
    path(_FILE, FileViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path(f"{_FILE}/info", FileViewSet.as_view({"get": "info"})),
    path(f"{_FILE}/parts/<int:number>", FileViewSet.as_view({"put": "put_part"})),
    path(f"{_FILE}/complete", FileViewSet.as_view({"post": "complete"})),
    path("signed-files/<str:token>", SignedFileView.as_view()),
    path("engines", EngineViewSet.as_view({"get": "list"})),
    path("pipelines", PipelineViewSet.as_view({"get": "list"})),
    path("tenants", TenantListViewSet.as_view({"get": "list"})),
    path("me", MeViewSet.as_view({"get": "retrieve"})),
    path("realtime/status", RealtimeViewSet.as_view({"get": "retrieve"})),
    path("healthz", health.HealthView.as_view()),
    path("readyz", health.ReadinessView.as_view()),
    path("metrics", health.MetricsView.as_view()),
]
