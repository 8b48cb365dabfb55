from __future__ import annotations

from datetime import timedelta

import pytest

from apps.jobs.transitions import InvalidTransition, NotThere
from apps.tasks import control
from apps.tasks.models import Task
from apps.tasks.settle import Outcome
from apps.tasks.submit import clone
from apps.tenants.audit import SYSTEM, Actor
from apps.tenants.models import AuditEntry, Tenant
from tests.tasks.jobs import (
    by_key,
    claim,
    fresh,
    make_job,
    missing,
    report,
    run_all,
    statuses,
    task,
)

pytestmark = pytest.mark.django_db


def test_cancel_of_a_job_that_has_not_started_ends_it_at_once() -> None:
    job = make_job(task("a"), task("b", "a"))
    assert control.cancel(job.id, SYSTEM).status == "cancelled"
    assert statuses(job) == {"a": "cancelled", "b": "cancelled"}


def test_cancel_waits_for_the_last_process() -> None:
    job = make_job(task("a"), task("b", "a"))
    (held,) = claim()
    assert control.cancel(job.id, SYSTEM).status == "cancelling"
    assert by_key(job, "a").cancel_requested_at is not None
    report(held, Outcome.CANCELLED)
    assert fresh(job).status == "cancelled"


def test_a_cancelled_task_is_never_completed_later() -> None:
    job = make_job()
    (held,) = claim()
    control.cancel(job.id, SYSTEM)
    report(held, Outcome.COMPLETED, output=1)
    assert statuses(job) == {"only": "cancelled"}


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.LOST, Outcome.RELEASED])
def test_nothing_of_a_cancelling_job_goes_back_to_ready(outcome: Outcome) -> None:
    job = make_job()
    (held,) = claim()
    control.cancel(job.id, SYSTEM)
    report(held, outcome)
    assert statuses(job) == {"only": "cancelled"}
    assert fresh(job).status == "cancelled"


def test_cancel_again_while_cancelling_changes_nothing() -> None:
    job = make_job()
    claim()
    seq = control.cancel(job.id, SYSTEM).seq
    assert control.cancel(job.id, SYSTEM).seq == seq


def test_cancel_of_a_completed_job_is_refused() -> None:
    job = make_job()
    run_all()
    with pytest.raises(InvalidTransition):
        control.cancel(job.id, SYSTEM)


def test_force_is_of_no_use_before_thirty_seconds() -> None:
    job = make_job()
    claim()
    control.cancel(job.id, SYSTEM)
    assert control.cancel(job.id, SYSTEM, force=True).status == "cancelling"


def test_force_gives_up_on_a_process_nobody_heard_of_again() -> None:
    job = make_job()
    claim()
    control.cancel(job.id, SYSTEM)
    asked = by_key(job, "only").cancel_requested_at
    assert asked is not None
    Task.objects.update(cancel_requested_at=asked - timedelta(seconds=31))
    assert control.cancel(job.id, SYSTEM, force=True).status == "cancelled"


def test_retry_runs_again_what_failed_and_what_hangs_on_it() -> None:
    job = make_job(task("a"), task("b", "a"), task("c", "b"), task("d"))
    run_all({"b": Outcome.FAILED, "d": Outcome.COMPLETED})
    control.retry(job.id, SYSTEM)
    assert {key: statuses(job)[key] for key in "abc"} == {
        "a": "completed", "b": "ready", "c": "pending",
    }  # fmt: skip
    run_all()
    assert fresh(job).status == "completed"


def test_retry_keeps_optional_failures() -> None:
    job = make_job(task("a", required=False), task("b", max_retries=0))
    run_all({"a": Outcome.FAILED, "b": Outcome.FAILED})
    control.retry(job.id, SYSTEM)
    assert statuses(job)["a"] == "failed"


def test_retry_starts_the_counters_anew_but_not_the_attempts() -> None:
    job = make_job(task("a", max_retries=0))
    run_all({"a": Outcome.FAILED})
    control.retry(job.id, SYSTEM)
    again = by_key(job, "a")
    assert (again.failures, again.attempt) == (0, 1)
    assert claim()[0].attempt == 2


def test_retry_of_a_running_job_is_refused() -> None:
    job = make_job()
    with pytest.raises(InvalidTransition):
        control.retry(job.id, SYSTEM)


def test_retry_of_one_task_leaves_other_failures_standing() -> None:
    job = make_job(task("a", max_retries=0), task("b", max_retries=0))
    a, b = claim()
    report(a, Outcome.FAILED, final=True, error="first")
    report(b, Outcome.CANCELLED)
    control.retry_task(job.id, by_key(job, "b").id, SYSTEM, None)
    run_all()
    assert statuses(job) == {"a": "failed", "b": "completed"}
    assert fresh(job).status == "failed"


def test_retry_of_one_task_takes_along_what_it_needs() -> None:
    job = make_job(task("a", max_retries=0), task("b", "a"))
    run_all({"a": Outcome.FAILED})
    control.retry_task(job.id, by_key(job, "b").id, SYSTEM, {"x": 1})
    assert statuses(job) == {"a": "ready", "b": "pending"}
    assert by_key(job, "b").config == {"x": 1}


def test_retry_of_a_task_of_another_job_is_not_found() -> None:
    job = make_job(task("a", max_retries=0))
    run_all({"a": Outcome.FAILED})
    with pytest.raises(NotThere):
        control.retry_task(job.id, missing(), SYSTEM, None)


def test_delete_of_a_running_job_is_refused() -> None:
    job = make_job()
    with pytest.raises(InvalidTransition):
        control.delete(job.id, SYSTEM)


def test_a_deleted_job_is_gone_from_sight() -> None:
    job = make_job()
    run_all()
    control.delete(job.id, SYSTEM)
    with pytest.raises(NotThere):
        control.cancel(job.id, SYSTEM)


def test_who_cancelled_is_kept() -> None:
    job = make_job()
    control.cancel(job.id, Actor("user:ada"))
    assert fresh(job).cancel_requested_by == "user:ada"
    entry = AuditEntry.objects.get(action="cancel")
    assert (entry.actor, entry.object_id) == ("user:ada", str(job.id))


def test_nothing_of_an_inactive_tenant_is_started_again() -> None:
    job = make_job(task("a", max_retries=0))
    run_all({"a": Outcome.FAILED})
    Tenant.objects.update(active=False)
    with pytest.raises(InvalidTransition):
        control.retry(job.id, SYSTEM)
    with pytest.raises(InvalidTransition):
        clone(fresh(job), SYSTEM, None)
