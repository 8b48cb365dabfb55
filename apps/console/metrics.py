"""Figures for Prometheus: what is active now, read from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from apps.console.batch_pool import online_workers
from apps.console.dashboard import sweep_is_late
from apps.console.gpu_figures import families
from apps.console.job_rows import visible_jobs
from apps.console.realtime import model_rows
from apps.jobs.status import ACTIVE
from apps.tasks.models import Task
from apps.tasks.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.models import QuerySet
    from prometheus_client import Metric


def exposition() -> bytes:
    """The text that Prometheus scrapes."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return generate_latest(registry)


_REALTIME: tuple[tuple[str, str, Literal["capacity", "active", "free", "wants", "has"]], ...] = (
    ("capacity", "Places of the workers that are there.", "capacity"),
    ("active", "Sessions that hold a place.", "active"),
    ("free", "Places free at workers that take sessions.", "free"),
    ("wanted_workers", "Workers that the rate of the last 15 minutes needs.", "wants"),
    ("workers", "Workers that take sessions.", "has"),
)


class _Figures:
    def collect(self) -> Iterator[Metric]:
        jobs = visible_jobs().filter(status__in=ACTIVE)
        yield _gauge("jobs_active", "Jobs that have not ended.", "status", _counts(jobs, "status"))
        for status in (TaskStatus.READY, TaskStatus.RUNNING):
            tasks = Task.objects.filter(status=status)
            text = f"Tasks that are {status}."
            yield _gauge(f"tasks_{status}", text, "engine", _counts(tasks, "engine_id"))
        yield _gauge(
            "workers_online", "Batch workers.", "status", _counts(online_workers(), "status")
        )
        yield GaugeMetricFamily(
            "yardmaster_oldest_wait_seconds", "How long the oldest ready task waits.", _oldest()
        )
        yield GaugeMetricFamily(
            "yardmaster_sweep_late", "1 when three sweeps were missed.", float(sweep_is_late())
        )
        yield from families()
        models = model_rows()
        for name, text, column in _REALTIME:
            values = [(row["model"], row[column] or 0) for row in models]
            yield _gauge(f"realtime_{name}", text, "model", values)
        filling = [
            (row["model"], row["full_in_minutes"] * 60)
            for row in models
            if row["full_in_minutes"] is not None
        ]
        text = "When the places are gone at the pace of the last 15 minutes; none: they are not."
        yield _gauge("realtime_full_in_seconds", text, "model", filling)


def _gauge(name: str, text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"yardmaster_{name}", text, labels=[label])
    for value, count in values:
        family.add_metric([value], count)
    return family


def _counts(rows: QuerySet[Any], column: str) -> Iterable[tuple[str, int]]:
    counted: Iterable[tuple[str, int]] = rows.values_list(column).annotate(count=Count("pk"))
    return counted


def _oldest() -> float:
    ready = Task.objects.filter(status=TaskStatus.READY)
    at = ready.aggregate(at=Min("ready_at"))["at"]
    return max(0.0, (timezone.now() - at).total_seconds()) if at else 0.0
