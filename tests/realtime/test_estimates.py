"""Plain estimates: how long sessions last, when there is room again, what a model will need."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.tenants.clock import database_now
from apps.workers import estimates
from apps.workers.models import Session
from tests.realtime.scene import Machine, lasted, take

pytestmark = pytest.mark.django_db


def test_the_usual_length_is_the_median_of_the_last_day() -> None:
    Machine()
    for seconds in (10, 20, 90):
        lasted(seconds)
    lasted(5000, ago=90_000)
    assert estimates.usual_seconds("m") == pytest.approx(20)
    assert estimates.usual_seconds("other") is None


@pytest.mark.parametrize(("length", "wait"), [(None, 5), (1, 1), (30, 15), (9999, 60)])
def test_when_to_try_again_follows_how_often_a_place_is_freed(
    length: int | None, wait: int
) -> None:
    Machine(capacity=9)
    if length:
        lasted(length)
    for _ in range(2):
        take()
    assert estimates.retry_after("m") == wait


def test_a_worker_is_empty_when_its_youngest_session_has_lasted_as_usual() -> None:
    now = database_now()
    held = [("m", now - timedelta(seconds=age)) for age in (50, 20, 500)]
    assert estimates.empty_in_seconds(held, {"m": 60.0}, now) == 40
    assert estimates.empty_in_seconds(held, {"m": None}, now) is None
    assert estimates.empty_in_seconds([], {}, now) == 0


def test_rate_times_length_is_what_a_model_wants() -> None:
    found = estimates.demand(opened=90, usual=60.0, active=1, capacity=2, workers=1)
    assert found.wants == 3
    assert found.full_in_minutes == pytest.approx(0.2, abs=0.05)


def test_what_does_not_grow_is_never_full() -> None:
    found = estimates.demand(opened=9, usual=60.0, active=4, capacity=8, workers=2)
    assert (found.full_in_minutes, found.wants) == (None, 1)


def test_what_is_held_is_wanted_whatever_the_rate() -> None:
    assert estimates.demand(opened=0, usual=None, active=5, capacity=4, workers=2).wants == 3
    assert estimates.demand(opened=0, usual=None, active=0, capacity=0, workers=0).wants == 0


def test_arrivals_are_those_of_the_last_quarter() -> None:
    Machine(capacity=9)
    old = take()
    for _ in range(2):
        take()
    Session.objects.filter(id=old.pk).update(created_at=old.created_at - timedelta(minutes=16))
    assert estimates.arrivals(["m", "other"]) == {"m": 2, "other": 0}
