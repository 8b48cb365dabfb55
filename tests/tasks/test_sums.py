"""Sums over a span of time: whole days, the hours at its ends, and what is not folded yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.tasks import sums
from apps.tasks.models import UsageDelta
from apps.tasks.rollups import fold
from apps.tasks.sums import By, Group, Span, usage
from tests.factories import make_tenant
from tests.tasks.jobs import make_job

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ALL = Span(NOON - 10 * DAY, NOON + 10 * DAY)


def delta(at: datetime = NOON, slug: str = "acme", **more: Any) -> None:
    tenant = make_tenant(slug).id
    fields = {
        "engine_id": "test.a", "status": "completed", "wait_ms": 10, "duration_ms": 100,
        "job_id": tenant,
    }  # fmt: skip
    UsageDelta.objects.create(at=at, tenant_id=tenant, **(fields | more))


def completed(span: Span = ALL, by: By = By.TENANT, tenant_id: UUID | None = None) -> list[int]:
    groups = usage(span, tenant_id, by).groups.values()
    return sorted(group.tasks.completed for group in groups)


def only(by: By = By.TENANT) -> Group:
    (group,) = usage(ALL, None, by).groups.values()
    return group


# Spans -------------------------------------------------------------------------------------------


def test_a_span_is_of_the_hours_it_touches() -> None:
    span = Span.around(NOON + timedelta(minutes=1), NOON + timedelta(minutes=2))
    assert span == Span(NOON, NOON + timedelta(hours=1))
    assert Span.around(NOON, NOON + DAY) == Span(NOON, NOON + DAY)


@pytest.mark.parametrize("hours", range(0, 60, 5))
@pytest.mark.parametrize("start", range(0, 30, 7))
def test_its_parts_meet_and_days_are_whole(start: int, hours: int) -> None:
    since = NOON.replace(hour=0) + timedelta(hours=start)
    until = since + timedelta(hours=hours)
    first, second, third, fourth = Span(since, until).bounds()
    assert (first, fourth) == (since, until)
    assert first <= second <= third <= fourth
    if second != third:
        assert second.hour == third.hour == 0
    assert max(second - first, fourth - third) < timedelta(hours=48)


@pytest.mark.parametrize("start", range(-30, 30, 7))
@pytest.mark.parametrize("hours", [1, 9, 30, 75])
def test_every_hour_in_it_is_counted_once(start: int, hours: int) -> None:
    for hour in range(-24, 72):
        delta(NOON + timedelta(hours=hour))
    fold()
    since = NOON + timedelta(hours=start)
    inside = len(set(range(-24, 72)) & set(range(start, start + hours)))
    assert sum(completed(Span(since, since + timedelta(hours=hours)))) == inside


# Groups ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folded", [True, False])
def test_jobs_and_tasks_are_told_apart(folded: bool) -> None:
    delta(status="failed")
    delta(engine_id="", status="cancelled")
    if folded:
        fold()
    group = only()
    assert (group.jobs.cancelled, group.jobs.failed) == (1, 0)
    assert (group.tasks.cancelled, group.tasks.failed) == (0, 1)


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize(("by", "wanted"), [(By.TENANT, [1, 3]), (By.ENGINE, [1, 3])])
def test_groups_are_tenants_or_engines(folded: bool, by: By, wanted: list[int]) -> None:
    for _ in range(2):
        delta()
    delta(engine_id="test.b")
    delta(slug="globex")
    if folded:
        fold()
    assert completed(by=by) == wanted


@pytest.mark.parametrize("folded", [True, False])
def test_labels_are_groups_of_their_tenant(folded: bool) -> None:
    for slug in ("acme", "acme", "globex"):
        job = make_job(tenant=make_tenant(slug), labels={"team": "a", "n": slug})
        delta(slug=slug, job_id=job.id)
    if folded:
        fold()
    groups = usage(ALL, None, By.LABEL).groups
    found = {(name[0], name[2]): group.tasks.completed for name, group in groups.items()}
    acme, globex = make_tenant("acme").id, make_tenant("globex").id
    assert found == {
        (acme, "team:a"): 2, (acme, "n:acme"): 2, (globex, "team:a"): 1, (globex, "n:globex"): 1,
    }  # fmt: skip


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize("by", By)
def test_a_tenant_gets_its_own_only(folded: bool, by: By) -> None:
    for slug in ("acme", "globex", "globex"):
        job = make_job(tenant=make_tenant(slug), labels={"team": "a"})
        delta(slug=slug, job_id=job.id)
    if folded:
        fold()
    assert completed(by=by, tenant_id=make_tenant("acme").id) == [1]


def test_folded_and_fresh_add_up() -> None:
    delta(duration_ms=100)
    fold()
    delta(duration_ms=100)
    tasks = only().tasks
    assert (tasks.completed, tasks.duration_ms) == (2, 200)
    assert list(tasks.durations.values()) == [2]


def test_durations_are_those_of_completed_runs_and_waits_those_of_all() -> None:
    delta(duration_ms=100)
    delta(duration_ms=5000, status="failed")
    fold()
    tasks = only().tasks
    assert sum(tasks.durations.values()) == 1
    assert sum(tasks.waits.values()) == 2


def test_a_fold_in_between_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    delta()
    read = vars(sums)["deltas"]

    def late(*limits: Any, **found: Any) -> Any:
        fold()
        return read(*limits, **found)

    monkeypatch.setattr(sums, "deltas", late)
    assert completed() == [1]


def test_without_that_look_a_delta_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    delta()
    read = vars(sums)["deltas"]

    def late(*limits: Any, **found: Any) -> Any:
        fold()
        return read(*limits, **found)

    monkeypatch.setattr(sums, "deltas", late)
    monkeypatch.setattr(sums, "_folds", lambda: 0)
    assert completed() == []


def test_too_many_that_are_not_folded_are_said_to_be_missing() -> None:
    for _ in range(3):
        delta()
    assert usage(ALL, None, By.TENANT, unfolded=3).complete is False
    assert usage(ALL, None, By.TENANT, unfolded=4).complete is True


def test_no_more_groups_than_the_limit_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "MOST_GROUPS", 2)
    for number in range(3):
        for _ in range(number + 1):
            delta(engine_id=f"e{number}")
    fold()
    found = usage(ALL, None, By.ENGINE)
    assert (set(found.groups), found.complete) == ({(None, "e1", ""), (None, "e2", "")}, False)
