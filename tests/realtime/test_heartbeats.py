"""Heartbeats: a worker's lives, and what becomes of its sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from apps.tenants.audit import SYSTEM
from apps.workers import heartbeats, transitions
from apps.workers.heartbeats import NotItsName, Superseded
from apps.workers.models import Worker
from apps.workers.sessions import sweep
from tests.realtime.scene import Machine, age, fate, fresh, miscounted, take, worker_key

pytestmark = pytest.mark.django_db


def test_the_first_heartbeat_is_the_whole_registration() -> None:
    row = Machine(capacity=3, models=["a", "b"], pid=7).row
    assert (row.kind, row.status, row.capacity, row.pid) == ("realtime", "ready", 3, 7)
    assert (row.endpoint, row.node_id) == ("wss://voice.example/live", "node")
    assert sorted(row.served.values_list("model", flat=True)) == ["a", "b"]


def test_the_same_heartbeat_again_changes_nothing() -> None:
    machine = Machine()
    before = Worker.objects.values().get()
    heartbeats.hear(machine.key, machine.name, machine.says)
    assert Worker.objects.values().get() == before


def test_an_older_heartbeat_is_ignored_and_answered() -> None:
    machine = Machine()
    session = take()
    machine.beat(session, number=9)
    answer = machine.beat(number=5, capacity=1)
    assert (machine.row.capacity, machine.row.beat_number) == (2, 9)
    assert [session_id for session_id, _ in answer.sessions] == [session.pk]
    assert fresh(session).unlisted_since is None


def test_what_a_worker_serves_follows_its_heartbeat() -> None:
    machine = Machine(models=["a", "b"])
    machine.beat(models=["b", "c"])
    assert sorted(machine.row.served.values_list("model", flat=True)) == ["b", "c"]
    assert machine.row.model_names == ["b", "c"]


def test_a_heartbeat_renews_the_lease() -> None:
    machine = Machine()
    machine.falls_silent()
    machine.beat()
    assert machine.row.lease_until - machine.row.last_heartbeat_at == timedelta(seconds=30)


# Sessions ----------------------------------------------------------------------------------------


def test_the_first_listing_makes_a_session_active() -> None:
    machine = Machine()
    session = take()
    machine.beat(session)
    assert fate(session) == ("active", "")
    assert fresh(session).started_at is not None


def test_listing_puts_the_end_off() -> None:
    machine = Machine()
    session = take()
    age(session, expires_at=100)
    answer = machine.beat(session)
    assert fresh(session).expires_at > session.expires_at
    assert answer.sessions == [(session.pk, fresh(session).expires_at)]


def test_an_offered_session_waits_for_its_client() -> None:
    machine = Machine()
    session = take()
    machine.beat()
    assert fate(session) == ("offered", "")
    age(session, connect_by=31)
    machine.beat()
    assert fate(session) == ("expired", "not_connected")
    assert machine.row.active == 0


def test_an_active_session_that_is_not_listed_ends_after_a_whole_lease() -> None:
    machine = Machine()
    session = take()
    machine.beat(session)
    machine.beat()
    assert fate(session) == ("active", "")
    age(session, unlisted_since=30)
    machine.beat()
    assert fate(session) == ("ended", "unlisted")
    assert miscounted() == []


def test_a_session_that_is_listed_again_goes_on() -> None:
    machine = Machine()
    session = take()
    machine.beat(session)
    machine.beat()
    machine.beat(session)
    assert fresh(session).unlisted_since is None


def test_what_the_worker_ended_has_ended_with_its_reason() -> None:
    machine = Machine()
    session = take()
    machine.beat(session)
    answer = machine.beat(session, ended={session.pk: "caller hung up"})
    assert fate(session) == ("ended", "caller hung up")
    assert (answer.sessions, machine.row.active) == ([], 0)


def test_no_worker_touches_the_sessions_of_another() -> None:
    machine = Machine("rt-1", capacity=1)
    session = take()
    stranger = Machine("rt-2")
    stranger.beat(session, ended={session.pk: "mine"})
    assert fate(session) == ("offered", "")
    assert [machine.row.active, stranger.row.active] == [1, 0]


# Lives -------------------------------------------------------------------------------------------


def test_a_new_boot_loses_the_old_sessions_at_once() -> None:
    machine = Machine()
    old, session = machine.row, take()
    machine.beat(session)
    answer = machine.restart()
    assert fate(session) == ("lost", "worker_restarted")
    assert (answer.sessions, machine.row.active) == ([], 0)
    old.refresh_from_db()
    assert (old.status, old.active) == ("offline", 0)


def test_the_old_boot_is_told_that_it_was_superseded() -> None:
    machine = Machine()
    old = machine.says
    machine.restart()
    with pytest.raises(Superseded):
        heartbeats.hear(machine.key, machine.name, replace(old, number=99))
    assert Worker.objects.get(boot_id=old.boot_id).status == "offline"


def test_a_late_heartbeat_restores_a_worker_but_not_its_sessions() -> None:
    machine = Machine()
    session = take()
    machine.beat(session)
    machine.falls_silent()
    sweep(time_jumped=False)
    assert (machine.row.status, fate(session)) == ("offline", ("lost", "worker_silent"))
    answer = machine.beat(session)
    assert (machine.row.status, machine.row.active, answer.sessions) == ("ready", 0, [])
    assert fate(session) == ("lost", "worker_silent")


def test_a_boot_id_belongs_to_one_worker() -> None:
    first = Machine("rt-1")
    with pytest.raises(ValidationError, match="boot_id"):
        heartbeats.hear(first.key, "rt-2", first.says)


def test_a_worker_that_left_comes_back_by_its_next_heartbeat() -> None:
    machine = Machine()
    session = take()
    for _ in range(2):
        heartbeats.leave(machine.key, machine.name)
    assert (machine.row.status, fate(session)) == ("offline", ("ended", "worker_left"))
    machine.beat()
    assert (machine.row.status, machine.row.stopped_at) == ("ready", None)


def test_only_the_boot_that_leaves_is_gone() -> None:
    machine = Machine()
    old = machine.says.boot_id
    machine.restart()
    heartbeats.leave(machine.key, machine.name, old)
    assert machine.row.status == "ready"


def test_a_worker_nobody_knows_may_leave() -> None:
    heartbeats.leave(worker_key()[0], "rt-nobody")
    assert not Worker.objects.exists()


def test_a_new_worker_on_a_drained_node_drains() -> None:
    Machine("rt-1")
    transitions.drain_node("node", SYSTEM)
    second = Machine("rt-2")
    assert (second.row.status, second.beat().drain) == ("draining", True)


# Bounds ------------------------------------------------------------------------------------------

WRONG = [
    ({"capacity": 65}, "at most 64"),
    ({"endpoint": "ftp://voice.example"}, "ws://"),
    ({"endpoint": "wss://"}, "ws://"),
    ({"endpoint": "wss://a:b@voice.example"}, "password"),
    ({"endpoint": "wss://voice.example:99999"}, "URL"),
]


@pytest.mark.parametrize(("said", "words"), WRONG)
def test_what_the_key_does_not_allow_changes_nothing(said: dict[str, Any], words: str) -> None:
    machine = Machine()
    before = Worker.objects.values().get()
    with pytest.raises(ValidationError, match=words):
        machine.beat(**said)
    assert Worker.objects.values().get() == before


@pytest.mark.parametrize(("endpoint", "allowed"), [
    ("wss://voice.example/x", True), ("wss://VOICE.example:8443/x", True),
    ("wss://evil.example/voice.example", False), ("wss://voice.example.evil", False),
])  # fmt: skip
def test_a_key_with_hosts_allows_those_only(endpoint: str, allowed: bool) -> None:
    key, _ = worker_key(hosts=["voice.example"])
    says = replace(Machine().says, endpoint=endpoint, number=9)
    if allowed:
        heartbeats.hear(key, "rt-1", says)
    else:
        with pytest.raises(ValidationError, match="allows the hosts"):
            heartbeats.hear(key, "rt-1", says)


def test_a_key_is_for_its_names_only() -> None:
    machine = Machine()
    with pytest.raises(NotItsName):
        heartbeats.hear(worker_key("other-")[0], "rt-1", machine.says)
    with pytest.raises(NotItsName):
        heartbeats.leave(worker_key("other-")[0], "rt-1")
