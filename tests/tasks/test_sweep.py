from __future__ import annotations

from datetime import timedelta

import pytest

from apps.jobs.models import Job
from apps.tasks import sweep
from apps.tasks.models import Task
from apps.tasks.settle import Outcome
from apps.tenants.clock import database_now
from apps.workers import transitions as workers
from apps.workers.models import Tick, Worker
from tests.tasks.jobs import by_key, claim, fresh, make_job, make_worker, report, statuses, task

pytestmark = pytest.mark.django_db


def silence(worker: Worker) -> None:
    Worker.objects.filter(id=worker.id).update(lease_until=database_now() - timedelta(seconds=1))


def test_the_task_of_a_silent_worker_goes_back_to_ready() -> None:
    job, worker = make_job(), make_worker()
    claim(worker)
    silence(worker)
    assert sweep.sweep() == {"test.a"}
    assert statuses(job) == {"only": "ready"}
    assert by_key(job, "only").losses == 1


def test_the_task_of_a_living_worker_stays() -> None:
    job = make_job()
    claim(make_worker())
    sweep.sweep()
    assert statuses(job) == {"only": "running"}


def test_a_worker_that_was_declared_offline_cannot_renew() -> None:
    worker = make_worker()
    silence(worker)
    sweep.sweep()
    assert not workers.renew(worker.id, 30)


def test_an_expired_lease_that_nobody_noticed_may_be_renewed() -> None:
    worker = make_worker()
    silence(worker)
    assert workers.renew(worker.id, 30)


def test_a_thawed_worker_cannot_finish_what_was_taken_back() -> None:
    job, worker = make_job(), make_worker()
    (held,) = claim(worker)
    silence(worker)
    sweep.sweep()
    assert report(held).stale
    assert statuses(job) == {"only": "ready"}


def test_a_retry_becomes_ready_when_its_wait_is_over() -> None:
    job = make_job()
    report(claim()[0], Outcome.FAILED)
    assert sweep.ready_due_retries() == set()
    Task.objects.update(retry_at=database_now() - timedelta(seconds=1))
    assert sweep.ready_due_retries() == {"test.a"}
    assert statuses(job) == {"only": "ready"}


def test_a_lonely_start_takes_over_without_counting_a_loss() -> None:
    job = make_job()
    claim(make_worker())
    sweep.take_over()
    taken = by_key(job, "only")
    assert (taken.status, taken.losses) == ("ready", 0)
    assert fresh(job).status == "running"


def test_a_tick_runs_once_per_period() -> None:
    assert workers.take_tick("sweep", 3600)
    assert not workers.take_tick("sweep", 3600)
    Tick.objects.update(slot=0)
    assert workers.take_tick("sweep", 3600)


def test_a_task_that_was_never_readied_is_found() -> None:
    job = make_job(task("a"), task("b", "a"))
    report(claim()[0])
    Task.objects.filter(key="b").update(status="pending", ready_at=None)
    Job.objects.update(pending_tasks=1, ready_tasks=0)
    assert sweep.sweep() == {"test.a"}
    assert statuses(job)["b"] == "ready"


def test_a_map_that_was_never_expanded_is_found() -> None:
    over = {"over": "a"}
    job = make_job(task("a"), task("m", "a", map=over))
    Task.objects.filter(key="a").update(status="completed", output=[1, 2])
    Task.objects.filter(key="m").update(remaining=0)
    Job.objects.update(pending_tasks=1, ready_tasks=0, completed_tasks=1, status="running")
    sweep.sweep()
    assert {key for key in statuses(job) if key.startswith("m[")} == {"m[0]", "m[1]"}


def test_a_job_in_which_nothing_can_move_ends() -> None:
    job = make_job()
    Task.objects.update(status="completed")
    Job.objects.update(status="running", ready_tasks=0, completed_tasks=1)
    sweep.sweep()
    assert fresh(job).status == "completed"
