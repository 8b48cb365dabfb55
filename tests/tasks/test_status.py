from __future__ import annotations

from itertools import product

import pytest

from apps.jobs.models import Job
from apps.jobs.status import MOVES as JOB_MOVES
from apps.jobs.status import JobStatus
from apps.jobs.transitions import Change, InvalidTransition
from apps.tasks import transitions
from apps.tasks.held import Move, held_of, move
from apps.tasks.models import Task
from apps.tasks.status import MOVES, TERMINAL, UNSTARTED, AttemptOutcome, TaskStatus
from apps.tenants import sql
from apps.tenants.clock import database_now
from tests.tasks.jobs import by_key, fresh, make_job

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("source", "target"), list(product(JobStatus, JobStatus)))
def test_a_job_moves_only_along_its_table(source: JobStatus, target: JobStatus) -> None:
    job = make_job()
    Job.objects.update(status=source)
    change = Change(fresh(job), database_now())
    if source in JOB_MOVES[target]:
        change._move(target)
        assert change.job.status == target
    else:
        with pytest.raises(InvalidTransition):
            change._move(target)


@pytest.mark.parametrize("source", list(TaskStatus))
@pytest.mark.parametrize("target", [status for status in TaskStatus if "running" in MOVES[status]])
def test_only_a_running_task_leaves_running(source: TaskStatus, target: TaskStatus) -> None:
    job = make_job()
    Task.objects.update(status=TaskStatus.RUNNING)
    (held,) = held_of(job.id)
    Task.objects.update(status=source)
    moves = [Move(held, target, AttemptOutcome.COMPLETED, 2, database_now())]
    found = sql.together(move(moves))
    moved = source is TaskStatus.RUNNING
    assert bool(found) is moved
    assert by_key(job, "only").status == (target if moved else source)


@pytest.mark.parametrize("source", list(TaskStatus))
def test_only_a_pending_task_becomes_ready(source: TaskStatus) -> None:
    job = make_job()
    Task.objects.update(status=source)
    change = Change(fresh(job), database_now())
    readied = transitions.make_ready(change, Task.objects.filter(job=job))
    assert bool(readied) is (source is TaskStatus.PENDING)


@pytest.mark.parametrize("source", list(TaskStatus))
def test_a_stop_touches_only_what_has_not_ended(source: TaskStatus) -> None:
    job = make_job()
    Task.objects.update(status=source)
    transitions.stop_all(Change(fresh(job), database_now()), TaskStatus.SKIPPED, "why")
    after = by_key(job, "only")
    assert after.status == (TaskStatus.SKIPPED if source in UNSTARTED else source)
    assert (after.cancel_requested_at is not None) is (source is TaskStatus.RUNNING)


def test_the_tables_name_every_status() -> None:
    assert set(MOVES) == set(TaskStatus)
    assert set(JOB_MOVES) == set(JobStatus)
    assert TERMINAL | UNSTARTED | {TaskStatus.RUNNING} == set(TaskStatus)
