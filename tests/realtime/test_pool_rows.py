"""The pool as staff and tenants see it, its metrics, and what workers have in hand."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.console.metrics import exposition
from apps.tenants.audit import SYSTEM
from apps.workers import heartbeats, transitions
from apps.workers.sessions import sweep
from tests.console.answers import body, errors, get, post
from tests.factories import key_client, make_tenant, staff_client
from tests.realtime.scene import Machine, age, lasted, take
from tests.tasks.jobs import make_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return staff_client()


def status(client: Client) -> Any:
    return body(get(client, "realtime/status"))


def test_staff_see_what_is_held_where(staff: Client) -> None:
    Machine("rt-1", capacity=1)
    Machine("rt-2", capacity=3)
    for _ in range(2):
        take()
    pool = status(staff)
    assert (pool["worker_count"], pool["total_capacity"], pool["active_sessions"]) == (2, 4, 2)
    assert pool["utilization"] == 0.5
    rows = [(row["name"], row["active"], row["capacity"], row["status"]) for row in pool["workers"]]
    assert rows == [("rt-1", 1, 1, "busy"), ("rt-2", 1, 3, "ready")]


def test_staff_see_what_a_model_wants(staff: Client) -> None:
    Machine("rt-1")
    Machine("rt-2", status="unhealthy")
    take()
    (row,) = status(staff)["models"]
    assert row == {
        "model": "m", "capacity": 4, "active": 1, "free": 1, "full_in_minutes": 15.0,
        "wants": 1, "has": 1,
    }  # fmt: skip


def test_a_tenant_sees_the_workers_that_hold_its_sessions_and_its_own_count() -> None:
    Machine("rt-1", capacity=2)
    Machine("rt-2", capacity=2)
    take()
    for _ in range(3):
        take(make_tenant("globex"))
    pool = status(key_client(make_tenant("acme")))
    assert (pool["worker_count"], pool["active_sessions"], pool["total_capacity"]) == (1, 1, 4)
    (worker,) = pool["workers"]
    assert (worker["name"], worker["active"], worker["status"]) == (None, 1, "ready")
    (model,) = pool["models"]
    assert (model["active"], model["free"], model["wants"], model["has"]) == (1, None, None, None)


def test_the_metrics_tell_an_autoscaler_what_is_wanted() -> None:
    Machine()
    take()
    text = exposition().decode()
    said = {"capacity": 2, "active": 1, "free": 1, "wanted_workers": 1, "workers": 1}
    for name, value in said.items():
        assert f'yardmaster_realtime_{name}{{model="m"}} {value}.0' in text
    assert 'yardmaster_realtime_full_in_seconds{model="m"} 900.0' in text


def test_a_model_that_does_not_fill_has_no_time_at_which_it_is_full() -> None:
    Machine()
    text = exposition().decode()
    assert 'yardmaster_realtime_free{model="m"} 2.0' in text
    assert "yardmaster_realtime_full_in_seconds{" not in text


def test_a_model_whose_workers_are_lost_stays_in_sight(staff: Client) -> None:
    Machine("rt-1").falls_silent()
    (row,) = status(staff)["models"]
    assert (row["model"], row["capacity"], row["has"], row["wants"]) == ("m", 0, 0, 0)
    assert 'yardmaster_realtime_workers{model="m"} 0.0' in exposition().decode()


def test_only_a_worker_that_was_drained_itself_can_be_resumed_itself(staff: Client) -> None:
    machine = Machine("rt-1")
    transitions.drain_node(machine.row.node_id, SYSTEM)
    (row,) = status(staff)["workers"]
    assert (row["status"], row["drain_requested_at"]) == ("draining", None)
    transitions.drain(machine.row.pk, SYSTEM)
    (row,) = status(staff)["workers"]
    assert row["drain_requested_at"] is not None
    tenant = make_tenant("acme")
    transitions.resume_node(machine.row.node_id, SYSTEM)
    transitions.resume(machine.row.pk, SYSTEM)
    take(tenant)
    transitions.drain(machine.row.pk, SYSTEM)
    (row,) = status(key_client(tenant))["workers"]
    assert (row["status"], row["drain_requested_at"]) == ("draining", None)


def test_a_tenant_learns_how_much_of_its_quota_is_used() -> None:
    Machine()
    tenant = make_tenant("acme", max_sessions=3)
    take(tenant)
    quotas = body(get(key_client(tenant), "me"))["quotas"]
    assert quotas["max_sessions"] == {"limit": 3, "used": 1, "resets_at": None}


# Workers -----------------------------------------------------------------------------------------


def rows(staff: Client, path: str = "workers") -> dict[str, Any]:
    return {row["name"]: row for row in body(get(staff, path))["workers"]}


def test_a_workers_sessions_are_in_its_hands(staff: Client) -> None:
    machine = Machine("rt-1")
    session = take()
    row = rows(staff)["rt-1"]
    assert (row["in_hand"], row["models"], row["kind"]) == (1, ["m"], "realtime")
    assert [held["session_id"] for held in row["sessions_in_hand"]] == [str(session.pk)]
    machine.falls_silent()
    assert rows(staff)["rt-1"]["status"] == "offline"


def test_a_worker_that_fell_silent_stays_in_sight_as_lost(staff: Client) -> None:
    machine = Machine("rt-1")
    assert rows(staff)["rt-1"]["lost"] is False
    machine.falls_silent(days=90)
    for _ in range(2):
        row = rows(staff)["rt-1"]
        assert (row["status"], row["lost"]) == ("offline", True)
        assert [row["status"] for row in status(staff)["workers"]] == ["offline"]
        sweep(time_jumped=False)
    heartbeats.leave(machine.key, "rt-1")
    assert status(staff)["workers"] == []


def test_one_that_came_back_or_left_in_order_is_not_lost(staff: Client) -> None:
    machine, other = Machine("rt-1"), Machine("rt-2")
    machine.falls_silent()
    machine.restart()
    heartbeats.leave(other.key, other.name, other.says.boot_id)
    found = body(get(staff, "workers"))["workers"]
    assert sorted((row["status"], row["lost"]) for row in found) == [
        ("offline", False), ("offline", False), ("ready", False),
    ]  # fmt: skip


def test_those_that_left_push_none_that_was_lost_out_of_sight(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.console.worker_rows.MOST_GONE", 1)
    Machine("rt-lost").falls_silent()
    for number in range(3):
        left = Machine(f"rt-{number}")
        heartbeats.leave(left.key, left.name, left.says.boot_id)
    assert {name: row["lost"] for name, row in rows(staff).items()} == {
        "rt-lost": True,
        "rt-2": False,
    }


def test_a_drain_shows_its_deadline_and_when_the_worker_is_likely_empty(staff: Client) -> None:
    machine = Machine("rt-1")
    path = f"workers/{machine.row.pk}/drain"
    row = body(post(staff, path, {"deadline_seconds": 60}))
    assert (row["status"], row["empty_in_seconds"]) == ("draining", 0)
    assert row["drain_deadline_at"] is not None


def test_a_drain_counts_down_by_what_sessions_lasted_lately(staff: Client) -> None:
    machine = Machine("rt-1")
    lasted(600)
    session = take()
    age(session, created_at=200)
    row = body(post(staff, f"workers/{machine.row.pk}/drain", {}))
    assert row["in_hand"] == 1
    assert row["empty_in_seconds"] == pytest.approx(400, abs=5)
    machine.beat(session, ended={session.pk: "done"})
    assert rows(staff)["rt-1"]["empty_in_seconds"] == 0


@pytest.mark.parametrize("seconds", [-1, "x", 604_801])
def test_a_deadline_that_makes_no_sense_is_refused(staff: Client, seconds: Any) -> None:
    answer = post(staff, f"workers/{Machine().row.pk}/drain", {"deadline_seconds": seconds})
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "deadline_seconds")


def test_a_batch_worker_has_no_sessions_to_end(staff: Client) -> None:
    answer = post(staff, f"workers/{make_worker().pk}/drain", {"deadline_seconds": 5})
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "deadline_seconds")


@pytest.mark.parametrize("number", [1, 20])
def test_workers_take_a_constant_number_of_queries(
    staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for n in range(number):
        transitions.drain(Machine(f"rt-{n}").row.pk, SYSTEM)
    with django_assert_max_num_queries(13):
        assert len(rows(staff)) == number
