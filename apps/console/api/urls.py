"""Every path of the API, under `/api/console/`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import path

from apps.console.api import health, schema
from apps.console.api.bulk import BulkViewSet
from apps.console.api.dashboard import DashboardViewSet
from apps.console.api.engines import EngineViewSet
from apps.console.api.files import FileViewSet, SignedFileView
from apps.console.api.gpus import GpuViewSet
from apps.console.api.jobs import JobViewSet
from apps.console.api.me import MeViewSet
from apps.console.api.pipelines import PipelineViewSet
from apps.console.api.queue import QueueViewSet
from apps.console.api.realtime import RealtimeViewSet
from apps.console.api.sessions import SessionViewSet
from apps.console.api.tasks import TaskViewSet
from apps.console.api.tenants import TenantListViewSet
from apps.console.api.usage import UsageViewSet
from apps.console.api.worker_beats import WorkerBeatView
from apps.console.api.workers import WorkerViewSet

if TYPE_CHECKING:
    from django.urls import URLPattern

__all__ = ["schema", "urlpatterns"]

_JOB = "jobs/<str:job_id>"
_TASK = f"{_JOB}/tasks/<str:task_id>"
_FILE = "files/<str:file_id>"
_SESSION = "realtime/sessions/<str:session_id>"

urlpatterns: list[URLPattern] = [
    path("dashboard", DashboardViewSet.as_view({"get": "retrieve"})),
    path("jobs", JobViewSet.as_view({"get": "list", "post": "create"})),
    path("jobs/bulk", BulkViewSet.as_view({"post": "create"})),
    path("jobs/bulk/<str:bulk_id>", BulkViewSet.as_view({"get": "retrieve"})),
    path(_JOB, JobViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path(f"{_JOB}/cancel", JobViewSet.as_view({"post": "cancel"})),
    path(f"{_JOB}/retry", JobViewSet.as_view({"post": "retry"})),
    path(f"{_JOB}/clone", JobViewSet.as_view({"post": "clone"})),
    path(f"{_JOB}/raise", JobViewSet.as_view({"post": "raise_"})),
    path(f"{_JOB}/lower", JobViewSet.as_view({"post": "lower"})),
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
    path("engines/<str:engine_id>/pause", EngineViewSet.as_view({"post": "pause"})),
    path("engines/<str:engine_id>/resume", EngineViewSet.as_view({"post": "resume"})),
    path("queue", QueueViewSet.as_view({"get": "list"})),
    path("usage", UsageViewSet.as_view({"get": "list"})),
    path("pipelines", PipelineViewSet.as_view({"get": "list"})),
    path("tenants", TenantListViewSet.as_view({"get": "list"})),
    path("tenants/<str:slug>/pause", TenantListViewSet.as_view({"post": "pause"})),
    path("tenants/<str:slug>/resume", TenantListViewSet.as_view({"post": "resume"})),
    path("workers", WorkerViewSet.as_view({"get": "list"})),
    path("workers/<str:name>", WorkerBeatView.as_view()),
    path("workers/<str:worker_id>/drain", WorkerViewSet.as_view({"post": "drain"})),
    path("workers/<str:worker_id>/resume", WorkerViewSet.as_view({"post": "resume"})),
    path("nodes/<str:name>/drain", WorkerViewSet.as_view({"post": "drain_node"})),
    path("nodes/<str:name>/resume", WorkerViewSet.as_view({"post": "resume_node"})),
    path("gpus", GpuViewSet.as_view({"get": "list"})),
    path("gpus/<str:uuid>/samples", GpuViewSet.as_view({"get": "samples"})),
    path("me", MeViewSet.as_view({"get": "retrieve"})),
    path("realtime/status", RealtimeViewSet.as_view({"get": "retrieve"})),
    path("realtime/sessions", SessionViewSet.as_view({"get": "list", "post": "create"})),
    path(_SESSION, SessionViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path(f"{_SESSION}/heartbeat", SessionViewSet.as_view({"post": "heartbeat"})),
    path("healthz", health.HealthView.as_view()),
    path("readyz", health.ReadinessView.as_view()),
    path("metrics", health.MetricsView.as_view()),
]
