"""Whatever happens in whatever order: a worker's `active` is the number of its open sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from apps.workers import heartbeats, sessions, transitions
from apps.workers.models import Session, Worker
from apps.workers.router import NoCapacity
from apps.workers.status import OPEN
from tests.realtime.scene import Machine, age, fresh, miscounted, take

pytestmark = pytest.mark.django_db

WORKERS, CAPACITY = 3, 2
A_WORKER = st.integers(0, WORKERS - 1)
A_SESSION = st.integers(0, 1_000)


class Pool(RuleBasedStateMachine):
    """Three workers of two places each, and everything that may happen to them."""

    @initialize()
    def begin(self) -> None:
        self._undo = transaction.atomic()
        self._undo.__enter__()
        self.machines = [Machine(f"rt-{n}", capacity=CAPACITY) for n in range(WORKERS)]
        self.opened: list[Session] = []
        self.over: dict[UUID, tuple[str, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "_undo"):
            transaction.set_rollback(True)
            self._undo.__exit__(None, None, None)

    def chosen(self, number: int) -> Session:
        return self.opened[number % len(self.opened)]

    def held(self, machine: Machine) -> list[Session]:
        """What the worker believes it has: all it ever got."""
        return [one for one in self.opened if one.worker_id == machine.row.pk]

    @rule()
    def acquire(self) -> None:
        room = Worker.objects.filter(status="ready", active__lt=CAPACITY)
        free = room.filter(lease_until__gt=database_now()).exists()
        try:
            self.opened.append(take())
        except NoCapacity:
            assert not free
        else:
            assert free

    @rule(number=A_SESSION)
    @precondition(lambda self: self.opened)
    def release(self, number: int) -> None:
        sessions.release(self.chosen(number), SYSTEM)

    @rule(number=A_SESSION)
    @precondition(lambda self: self.opened)
    def release_from_a_new_copy(self, number: int) -> None:
        sessions.release(fresh(self.chosen(number)), SYSTEM)

    @rule(n=A_WORKER, part=st.integers(0, 3))
    def beat(self, n: int, part: int) -> None:
        """Lists what it has got, some of it, or nothing."""
        machine = self.machines[n]
        machine.beat(*[one for one in self.held(machine) if one.pk.int % 4 >= part])

    @rule(n=A_WORKER, number=A_SESSION)
    @precondition(lambda self: self.opened)
    def end_by_worker(self, n: int, number: int) -> None:
        session = self.chosen(number)
        self.machines[n].beat(*self.held(self.machines[n]), ended={session.pk: "done"})

    @rule(n=A_WORKER)
    def repeat_an_old_beat(self, n: int) -> None:
        machine = self.machines[n]
        heartbeats.hear(machine.key, machine.name, machine.says)

    @rule(n=A_WORKER)
    def crash(self, n: int) -> None:
        self.machines[n].falls_silent()

    @rule(n=A_WORKER)
    def restart(self, n: int) -> None:
        self.machines[n].restart()

    @rule(n=A_WORKER)
    def leave(self, n: int) -> None:
        heartbeats.leave(self.machines[n].key, self.machines[n].name)

    @rule(n=A_WORKER, again=st.booleans())
    def drain_or_resume(self, n: int, again: bool) -> None:
        verb: Any = transitions.resume if again else transitions.drain
        worker = self.machines[n].row
        if worker.status != "offline":
            verb(worker.pk, SYSTEM)

    @rule(number=A_SESSION, time=st.sampled_from(["connect_by", "expires_at", "unlisted_since"]))
    @precondition(lambda self: self.opened)
    def time_passes(self, number: int, time: str) -> None:
        session = self.chosen(number)
        if getattr(fresh(session), time) is not None:
            age(session, **{time: 4000})

    @rule(jumped=st.booleans())
    def sweep(self, jumped: bool) -> None:
        sessions.sweep(time_jumped=jumped)

    @invariant()
    def the_count_is_true(self) -> None:
        assert miscounted() == []

    @invariant()
    def nobody_has_too_many(self) -> None:
        assert not Worker.objects.filter(active__gt=CAPACITY).exists()

    @invariant()
    def who_is_gone_holds_nothing(self) -> None:
        assert not Session.objects.filter(worker__status="offline", status__in=OPEN).exists()

    @invariant()
    def what_is_over_stays_over(self) -> None:
        ended = Session.objects.exclude(status__in=OPEN)
        now = {
            pk: (status, why) for pk, status, why in ended.values_list("pk", "status", "end_reason")
        }
        assert {pk: now.get(pk) for pk in self.over} == self.over
        self.over = now


def run(examples: int, *phases: Phase) -> None:
    steps = settings(
        max_examples=examples,
        stateful_step_count=50,
        suppress_health_check=list(HealthCheck),
        database=None,
        report_multiple_bugs=False,
        phases=phases or tuple(Phase),
    )
    run_state_machine_as_test(Pool, settings=steps)


def test_the_count_holds_through_five_hundred_random_steps() -> None:
    run(10)


def test_a_release_that_frees_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(worker: Worker, rows: Any, status: Any, reason: str) -> int:
        rows.filter(worker=worker).update(status=status, ended_at=worker.started_at)
        worker.active = max(0, worker.active - 1)
        worker.save(update_fields=["active"])
        return 1

    monkeypatch.setattr(sessions, "close", careless)
    with pytest.raises(AssertionError):
        run(10, Phase.generate)
