"""Jobs to move about: submitted, claimed and reported on as a worker would."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid4

from apps.jobs.models import Job
from apps.tasks import claims
from apps.tasks.models import Task
from apps.tasks.settle import Outcome, Report, Settled, settle
from apps.tasks.submit import Submission, submit
from apps.tenants.audit import SYSTEM
from apps.tenants.models import Tenant
from apps.workers.models import Worker
from apps.workers.transitions import register
from tests.factories import make_tenant
from tests.waiting import eventually


def task(key: str, *depends_on: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "engine_id": "test.a", "depends_on": list(depends_on), **more}


def make_job(*tasks: dict[str, Any], tenant: Tenant | None = None, **more: Any) -> Job:
    fields: dict[str, Any] = {
        "name": "job",
        "pipeline": None,
        "parameters": {},
        "priority": 0,
        "labels": {},
    }
    submission = Submission(**(fields | {"tasks": list(tasks) or [task("only")]} | more))
    return submit(tenant or make_tenant(), submission, SYSTEM)[0]


def make_worker(name: str = "w1", lease_seconds: float = 30) -> Worker:
    return register(
        name=name, node="node", boot_id=uuid4(), pid=1, engines={}, slots=4,
        lease_seconds=lease_seconds,
    )  # fmt: skip


def claim(
    worker: Worker | None = None, limit: int = 10, engine: str = "test.a"
) -> list[claims.Claim]:
    return claims.claim((worker or make_worker()).id, engine, limit)


def report(held: claims.Claim, outcome: Outcome = Outcome.COMPLETED, **more: Any) -> Settled:
    return settle([Report(held.task_id, held.job_id, held.attempt, outcome, **more)])


def run_all(outcomes: dict[str, Outcome] | None = None, rounds: int = 20) -> None:
    """Claim and settle until nothing is ready; tasks complete unless told otherwise by key."""
    worker = make_worker()
    for _ in range(rounds):
        for held in claim(worker):
            outcome = (outcomes or {}).get(held.key, Outcome.COMPLETED)
            report(held, outcome, error="told to", final=outcome is Outcome.FAILED)


def statuses(job: Job) -> dict[str, str]:
    return dict(Task.objects.filter(job=job).values_list("key", "status"))


def by_key(job: Job, key: str) -> Task:
    return Task.objects.get(job=job, key=key)


def fresh(job: Job) -> Job:
    return Job.objects.get(id=job.id)


def missing() -> UUID:
    return uuid4()


def ended(job: Job, seconds: float = 30) -> Job:
    """The job once it has ended."""
    return eventually(lambda: fresh(job) if fresh(job).completed_at else None, seconds=seconds)
