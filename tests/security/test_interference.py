"""What acme reads is the same before and after globex worked, to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid4

from apps.console import elapsed
from apps.tasks.settle import Outcome
from apps.tenants.owned import TenantQuerySet
from apps.workers.models import Session
from apps.workers.sessions import sweep
from apps.workers.transitions import register, take_tick
from tests.console.answers import body, post
from tests.realtime.scene import Machine, fate, take
from tests.security.readings import questions, readings, values_aimed_at
from tests.security.world import Party
from tests.tasks.jobs import claim, make_worker, report, task

NOW = timezone.now()


@contextmanager
def pinned_clock() -> Iterator[None]:
    """Two readings at the same moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: NOW)
        patch.setattr(elapsed, "database_now", lambda: NOW)
        yield


@dataclass(frozen=True)
class Pool:
    """Realtime workers: one has a session of acme's and room for others, one will lose all."""

    shared: Machine
    doomed: Machine
    held: Session


@pytest.fixture
def pool(db: None, acme: Party) -> Pool:
    shared = Machine("rt-shared", capacity=3, models=["shared"])
    held = take(acme.tenant, model="shared")
    shared.beat(held)
    return Pool(shared, Machine("rt-doomed", models=["doomed"]), held)


@pytest.fixture
def _a_running_system(pool: Pool) -> None:
    engines = {name: {"concurrency": 4} for name in ("test.a", "test.b")}
    register(
        name="w0", node="n", boot_id=uuid4(), pid=1, engines=engines, slots=8, lease_seconds=3600
    )
    take_tick("sweep", 5)


def submit(party: Party, *tasks: dict[str, Any], **more: Any) -> str:
    data = {"name": "busy", "labels": {"team": "a"}, "tasks": list(tasks), **more}
    return str(body(post(party.client, "jobs", data))["id"])


def work(party: Party) -> None:
    """A day in the life of a tenant: every verb once, and a queue that is left standing."""
    failed, done, _ = (submit(party, task("a")) for _ in range(3))
    worker = make_worker("w9")
    for one in claim(worker):
        outcome = Outcome.FAILED if str(one.job_id) == failed else Outcome.COMPLETED
        report(one, outcome, output={"x": 1}, error="told to", final=True)
    body(post(party.client, f"jobs/{failed}/retry", {}))
    body(post(party.client, f"jobs/{failed}/clone", {}))
    body(post(party.client, f"jobs/{failed}/cancel", {}))
    party.client.delete(f"/api/console/jobs/{done}")
    party.client.post("/api/console/files?name=x", b"hello", content_type="text/plain")
    for _ in range(3):
        session = body(post(party.client, "realtime/sessions", {"model": "m"}))
    party.client.delete(f"/api/console/realtime/sessions/{session['id']}")
    for number in range(30):
        submit(party, task("a"), task("b", engine_id="test.b"), priority=100, name=f"q{number}")
    for engine in ("test.a", "test.b"):
        report(claim(worker, 3, engine)[0], Outcome.STARTED)


def converse(party: Party, pool: Pool) -> None:
    """Sessions from their beginning to each of their ends, and a worker that is full with them.
    A worker beats as soon as anything of its sessions changes.
    """
    for _ in range(2):
        opened = take(party.tenant, model="shared")
        pool.shared.beat(pool.held, opened)
    pool.shared.beat(pool.held)
    doomed = pool.doomed
    held = [take(party.tenant, model="doomed") for _ in range(2)]
    assert open_session(party, "doomed").status_code == 503
    doomed.beat(*held)
    doomed.beat(held[0], ended={held[1].pk: "done"})
    doomed.falls_silent()
    sweep(time_jumped=False)
    assert [fate(session)[0] for session in held] == ["lost", "ended"]
    doomed.beat()
    assert open_session(party, "doomed").status_code == 201


def open_session(party: Party, model: str) -> Any:
    return post(party.client, "realtime/sessions", {"model": model})


def interference(own: Party, other: Party, pool: Pool) -> list[str]:
    """The questions whose answers changed because the other worked and held sessions."""
    asked = list(questions(values_aimed_at(other, "x")))
    with pinned_clock():
        before = readings(own, asked)
    work(other)
    converse(other, pool)
    with pinned_clock():
        after = readings(own, asked)
    return [question for question in before if before[question] != after[question]]


@pytest.mark.usefixtures("_a_running_system")
def test_nothing_the_other_does_can_be_read_off(acme: Party, globex: Party, pool: Pool) -> None:
    assert interference(acme, globex, pool) == []


@pytest.mark.usefixtures("_a_running_system")
def test_ones_own_work_is_seen(acme: Party, globex: Party, pool: Pool) -> None:
    changed = {question.split()[1] for question in interference(acme, acme, pool)}
    assert changed >= {"dashboard", "jobs", "engines", "me", "realtime/status", "realtime/sessions"}


@pytest.mark.usefixtures("_a_running_system")
def test_without_scoping_the_others_work_is_seen(
    acme: Party, globex: Party, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TenantQuerySet, "of", lambda rows, _: rows.all())
    changed = {question.split()[1] for question in interference(acme, globex, pool)}
    assert changed >= {"dashboard", "me", "realtime/status"}
