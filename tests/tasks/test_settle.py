from __future__ import annotations

import pytest

from apps.jobs.models import JobEvent
from apps.jobs.transitions import progress
from apps.tasks import settle as settlement
from apps.tasks import transitions
from apps.tasks.held import by_place, held_at
from apps.tasks.models import Attempt
from apps.tasks.settle import Outcome, Report, settle
from apps.tenants import sql
from tests.tasks.jobs import by_key, claim, fresh, make_job, report, run_all, statuses, task

pytestmark = pytest.mark.django_db


def test_a_chain_runs_in_order_and_completes() -> None:
    job = make_job(task("a"), task("b", "a"))
    (first,) = claim()
    report(first, output={"n": 1})
    (second,) = claim()
    report(second)
    assert (first.key, second.key, fresh(job).status) == ("a", "b", "completed")


def test_two_parents_ready_their_child_once() -> None:
    job = make_job(task("a"), task("b"), task("c", "a", "b"))
    left, right = claim()
    assert report(left).ready == {}
    assert report(right).ready == {"test.a": 1}
    assert statuses(job)["c"] == "ready"


def test_a_job_is_pending_until_its_first_claim_is_told() -> None:
    job = make_job()
    (held,) = claim()
    assert fresh(job).status == "pending"
    report(held, Outcome.STARTED)
    assert fresh(job).status == "running"


def test_a_late_report_of_an_older_attempt_changes_nothing() -> None:
    job = make_job()
    (first,) = claim()
    report(first, Outcome.LOST)
    (second,) = claim()
    assert report(first).stale
    assert statuses(job)["only"] == "running"
    assert second.attempt == first.attempt + 1


def test_the_fence_alone_refuses_a_late_report(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job()
    (first,) = claim()
    stale = by_place(sql.together(held_at([(first.task_id, first.attempt)])))
    report(first, Outcome.LOST)
    claim()
    monkeypatch.setattr(settlement, "_held", lambda places: dict(stale))
    report(first)
    assert statuses(job)["only"] == "running"


def test_a_report_delivered_twice_counts_once() -> None:
    job = make_job()
    (held,) = claim()
    assert not report(held).stale
    assert report(held).stale
    assert fresh(job).completed_tasks == 1


def test_a_failure_waits_for_its_retry_outside_the_ready_index() -> None:
    job = make_job()
    report(claim()[0], Outcome.FAILED, error="no")
    waiting = by_key(job, "only")
    assert (waiting.status, waiting.failures) == ("pending", 1)
    assert waiting.retry_at is not None
    assert claim() == []


def test_a_required_task_out_of_retries_fails_its_job() -> None:
    job = make_job(task("a", max_retries=0), task("b", "a"))
    report(claim()[0], Outcome.FAILED, error="no such luck")
    assert statuses(job) == {"a": "failed", "b": "skipped"}
    assert fresh(job).status == "failed"
    assert fresh(job).error == "Task a failed: no such luck"


def test_a_final_failure_is_not_retried() -> None:
    job = make_job(task("a", max_retries=5))
    report(claim()[0], Outcome.FAILED, final=True)
    assert statuses(job) == {"a": "failed"}


def test_an_optional_failure_blocks_nobody() -> None:
    job = make_job(task("a", required=False), task("b", "a"))
    run_all({"a": Outcome.FAILED})
    assert statuses(job) == {"a": "failed", "b": "completed"}
    assert fresh(job).status == "completed"


def test_a_failing_job_ends_only_with_its_last_process() -> None:
    job = make_job(task("a", max_retries=0), task("b"))
    failing, running = claim()
    report(failing, Outcome.FAILED)
    assert fresh(job).status == "running"
    assert by_key(job, "b").cancel_requested_at is not None
    report(running, Outcome.CANCELLED)
    assert fresh(job).status == "failed"


def test_a_start_told_with_the_failure_that_dooms_its_job_counts_once() -> None:
    job = make_job(task("a", max_retries=0), task("b"), task("c", "b"))
    failing, running = claim()
    started = Report(running.task_id, job.id, running.attempt, Outcome.STARTED)
    settle([started, Report(failing.task_id, job.id, failing.attempt, Outcome.FAILED)])
    counts = progress(fresh(job))
    assert (counts["running"], counts["failed"], counts["skipped"], counts["ready"]) == (1, 1, 1, 0)
    assert Attempt.objects.get(task_id=running.task_id).cancel_requested_at is not None
    report(running, Outcome.CANCELLED)
    assert fresh(job).status == "failed"


def test_a_result_that_comes_after_the_job_failed_is_refused() -> None:
    job = make_job(task("a", max_retries=0), task("b"))
    failing, running = claim()
    report(failing, Outcome.FAILED)
    report(running, Outcome.COMPLETED, output=1)
    assert statuses(job) == {"a": "failed", "b": "cancelled"}
    assert by_key(job, "b").output is None


def test_the_third_loss_is_poison() -> None:
    job = make_job()
    for _ in range(3):
        report(claim()[0], Outcome.LOST, error="gone", error_code="lost")
    assert by_key(job, "only").error_code == "poison"
    assert fresh(job).status == "failed"


def test_a_task_handed_back_spends_neither_failure_nor_loss() -> None:
    job = make_job()
    report(claim()[0], Outcome.RELEASED)
    handed_back = by_key(job, "only")
    assert (handed_back.status, handed_back.failures, handed_back.losses) == ("ready", 0, 0)


def test_each_attempt_keeps_its_outcome() -> None:
    make_job(task("a", max_retries=0))
    report(claim()[0], Outcome.LOST)
    report(claim()[0], Outcome.RELEASED)
    report(claim()[0], Outcome.TIMED_OUT, error_code="timeout")
    outcomes = list(Attempt.objects.order_by("number").values_list("outcome", flat=True))
    assert outcomes == ["lost", "cancelled", "timed_out"]


def test_reports_on_several_jobs_settle_together() -> None:
    jobs = [make_job(), make_job()]
    settle([Report(held.task_id, held.job_id, held.attempt, Outcome.COMPLETED) for held in claim()])
    assert [fresh(job).status for job in jobs] == ["completed", "completed"]


def test_every_change_of_a_job_has_the_next_number() -> None:
    job = make_job(task("a"), task("b", "a"), task("c", "a"))
    run_all()
    numbers = list(JobEvent.objects.filter(job=job).order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, fresh(job).seq + 1))


def test_back_off_doubles_and_is_capped() -> None:
    for failures in (1, 2, 5, 12, 60):
        wait = transitions.backoff_seconds(failures)
        wanted = min(2.0 ** (failures - 1), 300)
        assert 0.8 * wanted <= wait <= min(1.2 * wanted, 300)
