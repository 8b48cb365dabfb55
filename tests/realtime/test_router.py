"""The router: who gets which place, and what is said where there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.tenants.audit import SYSTEM
from apps.tenants.models import AuditEntry
from apps.workers import router, transitions
from apps.workers.models import Session, Worker
from apps.workers.router import KeyConflict, NoCapacity, SessionQuota, open_session
from tests.factories import make_tenant
from tests.realtime.scene import Machine, ask, fate, fresh, miscounted, take

pytestmark = pytest.mark.django_db


def reason(model: str = "m") -> str:
    with pytest.raises(NoCapacity) as refused:
        take(model=model)
    assert not Session.objects.exclude(status="active").filter(model="none").exists()
    return refused.value.reason


def test_the_least_loaded_worker_gets_the_session() -> None:
    small, large = Machine("rt-small", capacity=2), Machine("rt-large", capacity=4)
    workers = [take().worker_id for _ in range(6)]
    assert workers.count(small.row.pk) == 2
    assert workers[:2] == [small.row.pk, large.row.pk]
    assert miscounted() == []


def test_a_session_is_offered_first_and_waits_for_its_worker() -> None:
    Machine()
    session = fresh(take(ttl_seconds=60, caller="x"))
    assert (session.status, session.metadata) == ("offered", {"caller": "x"})
    assert session.connect_by - session.created_at == timedelta(seconds=30)
    assert session.expires_at - session.created_at == timedelta(seconds=60)


def test_a_worker_that_is_full_is_busy_and_ready_again_after() -> None:
    machine = Machine(capacity=1)
    session = take()
    assert (machine.row.active, machine.row.status) == (1, "busy")
    machine.beat(ended={session.pk: "hung up"})
    assert (machine.row.active, machine.row.status) == (0, "ready")


def test_only_workers_of_the_model_are_asked() -> None:
    Machine("rt-other", models=["other"])
    assert reason() == "no_worker"
    machine = Machine("rt-m", models=["m", "other"])
    assert take().worker_id == machine.row.pk


@pytest.mark.parametrize(("said", "why"), [("unhealthy", "all_unhealthy"), ("busy", "all_full"),
                                           ("draining", "all_draining")])  # fmt: skip
def test_a_worker_that_says_it_cannot_gets_none(said: str, why: str) -> None:
    Machine(status=said)
    assert reason() == why


def test_a_full_pool_says_so_before_what_else_there_is() -> None:
    Machine("rt-1", status="unhealthy")
    Machine("rt-2", capacity=1)
    take()
    assert reason() == "all_full"


def test_a_worker_that_fell_silent_gets_none_before_any_sweep() -> None:
    Machine().falls_silent()
    assert reason() == "no_worker"


@pytest.mark.parametrize("node", [False, True])
def test_a_drained_worker_gets_none(node: bool) -> None:
    machine = Machine()
    if node:
        transitions.drain_node("node", SYSTEM)
    else:
        transitions.drain(machine.row.pk, SYSTEM)
    Worker.objects.update(status="ready")
    assert reason() == "all_draining"


def test_a_resumed_worker_is_what_its_facts_say() -> None:
    machine = Machine(capacity=1)
    take()
    transitions.drain(machine.row.pk, SYSTEM)
    assert machine.row.status == "draining"
    transitions.resume(machine.row.pk, SYSTEM)
    assert machine.row.status == "busy"


def test_a_quota_is_never_passed() -> None:
    Machine(capacity=4)
    tenant = make_tenant("acme", max_sessions=2)
    take(tenant)
    take(tenant)
    with pytest.raises(SessionQuota, match="max_sessions of 2"):
        take(tenant)
    assert take(make_tenant("globex")).status == "offered"


def test_nothing_is_taken_by_a_request_that_is_refused() -> None:
    machine = Machine(capacity=1)
    take()
    assert reason() == "all_full"
    assert (machine.row.active, Session.objects.count()) == (1, 1)


# Keys --------------------------------------------------------------------------------------------


def test_the_same_key_and_body_is_the_same_session() -> None:
    Machine()
    first = take(key="k")
    again, created = open_session(make_tenant(), ask(), SYSTEM, "k")
    assert (again.pk, created) == (first.pk, False)
    assert miscounted() == []


def test_the_same_key_with_another_body_is_refused() -> None:
    Machine()
    take(key="k")
    with pytest.raises(KeyConflict):
        take(key="k", ttl_seconds=60)


def test_keys_of_two_tenants_are_two_keys() -> None:
    Machine()
    assert take(key="k").pk != take(make_tenant("globex"), key="k").pk


def test_a_key_is_forgotten_after_a_day() -> None:
    Machine()
    first = take(key="k")
    Session.objects.update(created_at=first.created_at - timedelta(hours=25))
    assert take(key="k", ttl_seconds=60).pk != first.pk


# The trace ---------------------------------------------------------------------------------------


def test_the_placement_says_who_was_looked_at_and_why() -> None:
    Machine("rt-sick", status="unhealthy")
    Machine("rt-full", capacity=1)
    take()
    machines = {name: Machine(name) for name in ("rt-a", "rt-b")}
    session = fresh(take())
    trace = {row["worker"]: row["verdict"] for row in session.placement["candidates"]}
    assert trace == {
        "rt-sick": "unhealthy", "rt-full": "full", "rt-a": "chosen", "rt-b": "busier",
    }  # fmt: skip
    assert session.worker_id == machines["rt-a"].row.pk
    assert session.placement["milliseconds"] > 0


def test_the_trace_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(router.MOST_CANDIDATES + 5):
        Machine(f"rt-{number:03}")
    candidates = fresh(take()).placement["candidates"]
    assert len(candidates) == router.MOST_CANDIDATES
    assert candidates[0]["verdict"] == "chosen"


def test_opening_is_recorded() -> None:
    Machine()
    session = take()
    entry = AuditEntry.objects.get(action="open")
    assert (entry.object_type, entry.object_id) == ("session", str(session.pk))
    assert fate(session) == ("offered", "")
