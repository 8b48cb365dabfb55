"""Why a ready task does not start: what keeps it, or its place in line."""

from __future__ import annotations

import heapq
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import F, Q, Sum

from apps.console.actors import shown_actor
from apps.console.engine_rows import tasks_of
from apps.console.why_cards import without_card
from apps.tasks.models import EnginePause, Task, UsageHour
from apps.tasks.status import TaskStatus, WaitReason
from apps.tasks.waits import Serving, serving

if TYPE_CHECKING:
    from datetime import datetime

    from apps.console.why_case import Answer, Case

MOST_COUNTED = 10_000
RECENT_TASKS = 100
RECENT = timedelta(hours=24)


def in_line(case: Case) -> Answer:
    """The strongest reason there is now."""
    there = serving().get(case.task.engine_id, Serving())
    answer = _tenant(case) or _engine_paused(case) or _workers(case, there)
    if answer is None:
        ahead = _ahead(case.task)
        answer = _quota(case) or without_card(case) or _place(case.task.engine_id, ahead)
        if ahead <= MOST_COUNTED:
            answer["position"] = ahead + 1
            answer["eta"] = _turn(case, ahead + 1, there.slots)
    answer.setdefault("since", case.task.ready_at)
    return answer


# What keeps all of a tenant, or of an engine -----------------------------------------------------


def _tenant(case: Case) -> Answer | None:
    tenant = case.task.job.tenant
    if not tenant.active:
        detail = f"The tenant {tenant.slug} is inactive: nothing of it starts."
        return {"reason": "tenant_inactive", "detail": detail}
    if tenant.paused_at is None:
        return None
    by = _by(tenant.paused_by, case)
    detail = f"The tenant {tenant.slug} has been paused since {case.clock(tenant.paused_at)}{by}."
    return {"reason": WaitReason.TENANT_PAUSED, "detail": detail}


def _engine_paused(case: Case) -> Answer | None:
    pause = EnginePause.objects.filter(engine_id=case.task.engine_id).first()
    if pause is None:
        return None
    since, by = case.clock(pause.paused_at), _by(pause.paused_by, case)
    detail = f"The engine {pause.engine_id} has been paused since {since}{by}."
    return {"reason": WaitReason.ENGINE_PAUSED, "detail": detail}


def _by(actor: str, case: Case) -> str:
    """Who it was, to staff; a tenant is not told."""
    return "" if case.to_tenant or not actor else f" by {shown_actor(actor, to_tenant=False)}"


def _workers(case: Case, there: Serving) -> Answer | None:
    engine_id = case.task.engine_id
    if not there.workers:
        detail = f"No worker that runs {engine_id} is online."
        return {"reason": WaitReason.NO_WORKER, "detail": detail}
    if there.slots:
        return None
    detail = f"No worker that runs {engine_id} takes new tasks: all are draining."
    return {"reason": WaitReason.DRAINING, "detail": detail}


def _quota(case: Case) -> Answer | None:
    tenant = case.task.job.tenant
    quota = tenant.max_running_tasks
    if quota is None:
        return None
    running = tasks_of(tenant, TaskStatus.RUNNING).count()
    if running < quota:
        return None
    detail = f"{tenant.slug} is at its quota of running tasks: {running:,} of {quota:,} run."
    return {"reason": WaitReason.TENANT_QUOTA, "detail": detail}


# The tenant's own line ---------------------------------------------------------------------------
# What others have waiting, running or done changes none of this.


def _ahead(task: Task) -> int:
    """How many ready tasks of the same tenant and engine are claimed before this one."""
    earlier = Q(priority__gt=task.priority) | Q(priority=task.priority, id__lt=task.id)
    line = tasks_of(task.job.tenant, TaskStatus.READY)
    ahead = line.filter(earlier, engine_id=task.engine_id).values("id")
    return ahead[: MOST_COUNTED + 1].count()


def _place(engine_id: str, ahead: int) -> Answer:
    if not ahead:
        detail = f"It is next in line for {engine_id}, and waits for a free slot."
        return {"reason": "next_in_line", "detail": detail}
    number = f"{ahead:,}" if ahead <= MOST_COUNTED else f"More than {MOST_COUNTED:,}"
    stand = "1 task stands" if ahead == 1 else f"{number} tasks stand"
    return {"reason": "in_line", "detail": f"{stand} before it in line for {engine_id}."}


def _turn(case: Case, position: int, slots: int) -> datetime | None:
    """When its turn comes, if tasks go on to take as long as they lately did.

    The tenant's own running tasks free their slots in time; each other slot is taken to be free
    once after a whole task.
    """
    task, tenant = case.task, case.task.job.tenant
    if tenant.max_running_tasks is not None:
        slots = min(slots, tenant.max_running_tasks)
    usual = _usual_of_job(task) or _usual_of_tenant(case)
    if not usual or not slots:
        return None
    running = tasks_of(tenant, TaskStatus.RUNNING).filter(engine_id=task.engine_id)
    began = running.values_list("started_at", flat=True)[:slots]
    free = [max(case.now, at + usual) for at in began if at is not None]
    free += [case.now + usual] * (slots - len(free))
    heapq.heapify(free)
    for _ in range(position - 1):
        heapq.heapreplace(free, free[0] + usual)
    return free[0]


def _usual_of_job(task: Task) -> timedelta | None:
    """How long its engine took for other tasks of its job."""
    done = Task.objects.filter(
        job_id=task.job_id,
        engine_id=task.engine_id,
        status=TaskStatus.COMPLETED,
        map_spec__isnull=True,
    )
    taken = list(done.values_list(F("completed_at") - F("started_at"), flat=True)[:RECENT_TASKS])
    return sum(taken, timedelta(0)) / len(taken) if taken else None


def _usual_of_tenant(case: Case) -> timedelta | None:
    """How long a run of its engine lately held a slot, whatever came of it."""
    hours = UsageHour.objects.of(case.task.job.tenant).filter(
        label="", engine_id=case.task.engine_id, starts_at__gte=case.now - RECENT
    )
    runs = F("completed") + F("failed") + F("cancelled") + F("retried")
    found = hours.aggregate(taken_ms=Sum("duration_ms"), runs=Sum(runs))
    return timedelta(milliseconds=found["taken_ms"] / found["runs"]) if found["runs"] else None
