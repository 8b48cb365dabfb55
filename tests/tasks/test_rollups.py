"""Deltas of what has ended, and the sums by hour and by day they are folded into."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from hypothesis import given
from hypothesis import strategies as st

from apps.jobs.models import Job
from apps.tasks import background, control, rollups
from apps.tasks.histogram import bucket, middle, percentile
from apps.tasks.models import UsageDay, UsageDelta, UsageHour
from apps.tasks.rollups import fold
from apps.tasks.settle import Outcome
from apps.tenants.audit import SYSTEM
from tests.factories import make_tenant
from tests.tasks.jobs import claim, make_job, make_worker, report, run_all, task

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)


def deltas() -> list[tuple[str, str]]:
    return list(UsageDelta.objects.order_by("id").values_list("engine_id", "status"))


def delta(**more: Any) -> UsageDelta:
    fields = {
        "at": AT, "tenant_id": make_tenant().id, "job_id": make_tenant().id, "engine_id": "test.a",
        "status": "completed", "wait_ms": 10, "duration_ms": 100,
    }  # fmt: skip
    return UsageDelta.objects.create(**(fields | more))


def hour(**found: Any) -> UsageHour:
    return UsageHour.objects.get(**({"engine_id": "test.a", "label": ""} | found))


# What leaves a delta -----------------------------------------------------------------------------


def test_the_end_of_a_task_and_of_its_job_leave_a_delta_each() -> None:
    make_job()
    run_all()
    assert deltas() == [("test.a", "completed"), ("", "completed")]
    of_task = UsageDelta.objects.get(engine_id="test.a")
    assert (of_task.wait_ms is not None, of_task.duration_ms is not None) == (True, True)


def test_a_run_that_is_repeated_is_told_from_one_that_failed() -> None:
    make_job(task("t", max_retries=1))
    report(claim()[0], Outcome.FAILED, error="x")
    assert deltas() == [("test.a", "retried")]


def test_a_run_that_is_lost_is_repeated() -> None:
    make_job()
    report(claim()[0], Outcome.LOST)
    assert deltas() == [("test.a", "retried")]


def test_a_run_that_is_handed_back_is_no_failure() -> None:
    make_job()
    report(claim()[0], Outcome.RELEASED)
    assert deltas() == [("test.a", "returned")]


def test_a_job_that_is_cancelled_before_it_starts_leaves_its_delta() -> None:
    control.cancel(make_job().id, SYSTEM)
    assert deltas() == [("", "cancelled")]


def test_a_job_that_is_cancelled_while_it_runs_leaves_one_when_it_ends() -> None:
    job = make_job(task("a"), task("b"))
    (held,) = claim(limit=1)
    control.cancel(job.id, SYSTEM)
    assert deltas() == []
    report(held, Outcome.CANCELLED)
    assert deltas() == [("test.a", "cancelled"), ("", "cancelled")]


# Folding -----------------------------------------------------------------------------------------


def test_deltas_become_the_sums_of_their_hour_and_are_gone() -> None:
    for status in ("completed", "completed", "failed", "cancelled", "retried", "returned"):
        delta(status=status)
    assert fold() == 6
    row = hour()
    assert (row.completed, row.failed, row.cancelled, row.retried) == (2, 1, 1, 1)
    assert (row.wait_ms, row.duration_ms) == (60, 600)
    assert row.durations == {str(bucket(100)): 2}
    assert row.waits == {str(bucket(10)): 6}
    assert deltas() == []


def test_a_later_fold_adds_to_the_same_hour() -> None:
    for _ in range(2):
        delta()
        fold()
    assert (hour().completed, hour().duration_ms) == (2, 200)
    assert hour().durations == {str(bucket(100)): 2}
    assert UsageHour.objects.count() == 1


def test_hours_and_days_begin_where_the_clock_does() -> None:
    delta()
    delta(at=AT + timedelta(seconds=1))
    fold()
    hours = UsageHour.objects.order_by("starts_at").values_list("starts_at", flat=True)
    assert [at.isoformat() for at in hours] == [
        "2026-03-01T23:00:00+00:00", "2026-03-02T00:00:00+00:00",
    ]  # fmt: skip
    days = UsageDay.objects.order_by("starts_at").values_list("starts_at", flat=True)
    assert [at.isoformat() for at in days] == [
        "2026-03-01T00:00:00+00:00", "2026-03-02T00:00:00+00:00",
    ]  # fmt: skip


def test_each_tenant_and_engine_has_its_own_sums() -> None:
    delta()
    delta(engine_id="test.b")
    delta(tenant_id=make_tenant("globex").id)
    fold()
    assert UsageHour.objects.count() == 3
    assert set(UsageHour.objects.values_list("completed", flat=True)) == {1}


def test_what_carries_labels_is_counted_under_each_and_once_in_all() -> None:
    make_job(labels={"team": "a", "model": "b"})
    run_all()
    fold()
    tasks = UsageHour.objects.filter(engine_id="test.a")
    assert set(tasks.values_list("label", "completed")) == {("", 1), ("team:a", 1), ("model:b", 1)}
    jobs = UsageHour.objects.filter(engine_id="")
    assert set(jobs.values_list("label", "completed")) == {("", 1), ("team:a", 1), ("model:b", 1)}


def test_no_job_is_counted_under_more_than_twenty_labels() -> None:
    make_job(labels={f"name{n:02}": "x" for n in range(25)})
    run_all()
    fold()
    labels = UsageHour.objects.filter(engine_id="").exclude(label="")
    assert sorted(labels.values_list("label", flat=True)) == [f"name{n:02}:x" for n in range(20)]


def test_labels_of_a_day_beyond_the_limit_are_counted_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rollups, "MOST_LABELS_A_DAY", 2)
    for n in range(4):
        make_job(labels={"request": str(n)})
    run_all()
    fold()
    make_job(labels={"request": "0"})
    run_all()
    fold()
    rows = UsageDay.objects.filter(engine_id="").exclude(label="").order_by("label")
    assert list(rows.values_list("label", "completed")) == [
        ("other", 2), ("request:0", 2), ("request:1", 1),
    ]  # fmt: skip


def test_many_deltas_are_folded_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "CHUNK", 3)
    for _ in range(10):
        delta()
    assert fold() == 10
    assert hour().completed == 10


def test_a_fold_that_dies_has_neither_counted_nor_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    delta()
    with monkeypatch.context() as patch:
        patch.setattr(rollups, "_store", fail)
        with pytest.raises(ZeroDivisionError):
            fold()
    assert len(deltas()) == 1
    fold()
    assert hour().completed == 1


def test_one_fold_runs_a_minute_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FOLD_SECONDS", 3600.0)
    for _ in range(2):
        delta()
        background.fold_once()
    assert (hour().completed, len(deltas())) == (1, 1)


def fold_at_once(number: int) -> None:
    def work() -> None:
        try:
            fold()
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        for done in [pool.submit(work) for _ in range(number)]:
            done.result()


@pytest.mark.django_db(transaction=True)
def test_folds_at_once_count_each_delta_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "CHUNK", 5)
    for _ in range(200):
        delta()
    fold_at_once(4)
    assert (hour().completed, deltas()) == (200, [])


@pytest.mark.service
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_folds_at_once_miscount(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows.all())
    monkeypatch.setattr(rollups, "CHUNK", 5)
    for _ in range(200):
        delta()
    fold_at_once(4)
    assert hour().completed != 200


def test_the_sums_of_a_job_are_those_of_its_tasks() -> None:
    make_job(*(task(str(n)) for n in range(5)), tenant=make_tenant("globex"))
    make_job(task("t", max_retries=0))
    run_all({"t": Outcome.FAILED})
    fold()
    assert Job.objects.count() == 2
    sums = UsageDay.objects.order_by("tenant__slug", "engine_id")
    assert list(sums.values_list("tenant__slug", "engine_id", "completed", "failed")) == [
        ("acme", "", 0, 1), ("acme", "test.a", 0, 1),
        ("globex", "", 1, 0), ("globex", "test.a", 5, 0),
    ]  # fmt: skip


def test_a_claim_of_a_running_worker_leaves_nothing() -> None:
    make_job()
    claim(make_worker())
    assert deltas() == []


# Histograms --------------------------------------------------------------------------------------


@given(st.integers(0, 10**12))
def test_a_bucket_tells_a_value_within_its_bound(ms: int) -> None:
    assert abs(middle(bucket(ms)) - ms) <= 0.0443 * ms + 0.5


@given(st.lists(st.integers(0, 10**9), min_size=1), st.sampled_from([0.5, 0.95]))
def test_a_percentile_of_buckets_is_that_of_the_values(values: list[int], share: float) -> None:
    counts: dict[int, int] = {}
    for value in values:
        counts[bucket(value)] = counts.get(bucket(value), 0) + 1
    exact = sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]
    found = percentile(counts, share)
    assert found is not None
    assert abs(found - exact) <= 0.0443 * exact + 0.5


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile({}, 0.5) is None
