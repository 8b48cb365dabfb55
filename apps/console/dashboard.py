"""The dashboard's figures: a constant number of queries, over what is active only."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from django.conf import settings
from django.utils import timezone

from apps.console.batch_pool import served_engines
from apps.console.elapsed import elapsed_ms, version
from apps.console.gpu_figures import memory, own_memory, trouble
from apps.console.gpu_state import node_states
from apps.console.job_rows import COLUMNS, job_rows, visible_jobs
from apps.console.realtime import realtime_status
from apps.jobs.status import JobStatus
from apps.tasks.lines import waiting
from apps.workers.models import Tick

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from apps.console.job_rows import JobRow
    from apps.console.realtime import RealtimeStatus
    from apps.tenants.models import Tenant

SWEEP = "sweep"
SWEEP_LATE = timedelta(seconds=15)
"""Three missed sweeps."""
RECENT_JOBS = 5


class Reason(TypedDict):
    """Why the system is not healthy."""

    code: str
    detail: str


class SystemFigures(TypedDict):
    """How the console itself is. `gpu_driver`: of which kind the cards are, `nvml` or made up. For
    the rest of the cards see `gpu_figures.Memory`.
    """

    status: str
    reasons: list[Reason]
    gpu_memory_used_mb: int | None
    gpu_memory_total_mb: int | None
    gpu_driver: str | None
    gpu_sampled_at: datetime | None
    gpu_status: str
    version: str


class BatchFigures(TypedDict):
    """Jobs that run or are being cancelled, tasks that are ready and not yet claimed."""

    active_jobs: int
    queue_depth: int
    oldest_wait_ms: int | None
    recent_jobs: list[JobRow]


class Dashboard(TypedDict):
    """Everything the first page shows, read at `seq` (see `version`). `realtime` is None where the
    caller may not see it.
    """

    seq: int
    system: SystemFigures
    batch: BatchFigures
    realtime: RealtimeStatus | None


def dashboard(tenant: Tenant | None, *, realtime: bool) -> Dashboard:
    """The figures as staff see them, or a tenant's own."""
    seq = version()
    lines = waiting(tenant.id if tenant else None)
    oldest = min((line.oldest for line in lines if line.oldest), default=None)
    jobs = visible_jobs() if tenant is None else visible_jobs().of(tenant)
    active = jobs.filter(status__in=[JobStatus.RUNNING, JobStatus.CANCELLING])
    return {
        "seq": seq,
        "system": _system({line.engine_id for line in lines}, tenant),
        "batch": {
            "active_jobs": active.count(),
            "queue_depth": sum(line.ready for line in lines),
            "oldest_wait_ms": elapsed_ms(oldest, timezone.now()),
            "recent_jobs": job_rows(jobs.order_by("-id").values(*COLUMNS)[:RECENT_JOBS]),
        },
        "realtime": realtime_status(tenant) if realtime else None,
    }


def sweep_is_late() -> bool:
    """Whether three sweeps in a row did not run."""
    at = Tick.objects.filter(name=SWEEP).values_list("at", flat=True).first()
    return at is None or at < timezone.now() - SWEEP_LATE


def _system(wanted: Iterable[str], tenant: Tenant | None) -> SystemFigures:
    served = served_engines()
    nodes = node_states()
    reasons = list(_reasons(wanted, served))
    reasons += [{"code": code, "detail": detail} for code, detail in trouble(nodes)]
    codes = {reason["code"] for reason in reasons}
    held = memory(nodes) if tenant is None else own_memory(tenant)
    degraded = "degraded" if reasons else "healthy"
    return {
        "status": "unhealthy" if "no_worker" in codes else degraded,
        "reasons": [] if tenant else reasons,
        "gpu_memory_used_mb": held.used_mb,
        "gpu_memory_total_mb": held.total_mb,
        "gpu_driver": held.driver,
        "gpu_sampled_at": held.sampled_at,
        "gpu_status": held.status,
        "version": settings.VERSION,
    }


def _reasons(wanted: Iterable[str], served: Collection[str]) -> Iterable[Reason]:
    if not served:
        yield {"code": "no_worker", "detail": "No batch worker is online."}
    if sweep_is_late():
        seconds = int(SWEEP_LATE.total_seconds())
        yield {"code": "sweep_late", "detail": f"The sweep has not run for {seconds} s."}
    for engine_id in sorted(set(wanted) - set(served)) if served else ():
        detail = f"Tasks wait for {engine_id}, which no worker runs."
        yield {"code": "engine_unserved", "detail": detail}
