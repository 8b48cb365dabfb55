"""Raising a job before those of all tenants."""

from __future__ import annotations

import pytest

from apps.jobs.models import Job, JobEvent
from apps.jobs.transitions import InvalidTransition, NotThere
from apps.tasks import control, raising
from apps.tasks.models import Task
from apps.tasks.settle import Outcome
from apps.tasks.submit import clone
from apps.tenants.audit import Actor
from apps.tenants.models import AuditEntry
from tests.tasks.jobs import by_key, claim, fresh, make_job, missing, report, run_all, task

pytestmark = pytest.mark.django_db

ADA = Actor("user:ada")


def priorities(job: Job) -> list[int]:
    tasks = Task.objects.filter(job=job).order_by("position")
    return list(tasks.values_list("priority", flat=True))


def test_a_raised_job_says_so_and_its_tasks_go_first() -> None:
    job = make_job(task("a", priority=-100), task("b", "a", priority=7))
    raising.raise_job(job.id, ADA)
    raised = fresh(job)
    assert raised.raised_at is not None
    assert raised.raised_by == "user:ada"
    assert priorities(job) == [900, 1007]


def test_a_lowered_job_is_as_before() -> None:
    job = make_job(task("a", priority=-100), task("b", "a", priority=7))
    raising.raise_job(job.id, ADA)
    raising.lower_job(job.id, ADA)
    assert (fresh(job).raised_at, fresh(job).raised_by) == (None, "")
    assert priorities(job) == [-100, 7]


def test_raising_and_lowering_twice_changes_nothing_more() -> None:
    job = make_job()
    for verb in (raising.raise_job, raising.raise_job):
        verb(job.id, ADA)
    assert priorities(job) == [1000]
    for verb in (raising.lower_job, raising.lower_job):
        verb(job.id, ADA)
    assert priorities(job) == [0]
    kinds = [event.type for event in JobEvent.objects.filter(job=job).order_by("seq")]
    assert kinds == ["job.submitted", "job.raised", "job.lowered"]


def test_what_is_run_again_after_a_retry_is_still_raised_and_can_be_lowered() -> None:
    job = make_job(task("a"), task("b"))
    raising_later = claim(limit=1)[0]
    report(raising_later, Outcome.COMPLETED)
    raising.raise_job(job.id, ADA)
    report(claim()[0], Outcome.FAILED, error="x", final=True)
    control.retry(job.id, ADA)
    assert priorities(job) == [1000, 1000]
    raising.lower_job(job.id, ADA)
    assert priorities(job) == [0, 0]


def test_a_job_that_has_ended_is_not_raised() -> None:
    job = make_job()
    run_all()
    with pytest.raises(InvalidTransition, match="completed"):
        raising.raise_job(job.id, ADA)


@pytest.mark.parametrize("verb", [raising.raise_job, raising.lower_job])
def test_a_missing_job_is_neither(verb: object) -> None:
    assert callable(verb)
    with pytest.raises(NotThere):
        verb(missing(), ADA)


def test_both_are_recorded() -> None:
    job = make_job()
    raising.raise_job(job.id, ADA)
    raising.lower_job(job.id, ADA)
    entries = AuditEntry.objects.filter(object_id=str(job.id), actor="user:ada").order_by("id")
    assert [entry.action for entry in entries] == ["raise", "lower"]


def test_a_clone_of_a_raised_job_is_an_ordinary_one() -> None:
    job = make_job(task("a", priority=7))
    raising.raise_job(job.id, ADA)
    copy = clone(fresh(job), ADA, None)
    assert by_key(copy, "a").priority == 7
