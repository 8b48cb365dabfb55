from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from apps.tasks import control, sweep
from apps.tasks.engines import dispatcher as dispatching
from apps.tasks.engines.dispatcher import Dispatcher
from apps.tasks.engines.presence import (
    STUCK_AFTER,
    UNHEALTHY_AFTER,
    Canary,
    Presence,
    definition_hash,
)
from apps.tasks.engines.registry import registry
from apps.tasks.models import Attempt
from apps.tasks.settle import Outcome
from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from apps.workers import transitions as workers
from apps.workers.models import Tick, Worker
from apps.workers.status import WorkerStatus
from tests.tasks.jobs import by_key, claim, fresh, make_job, make_worker, report, statuses, task
from tests.waiting import eventually

Start = Callable[..., Dispatcher]


def pids(journal: Path) -> list[int]:
    return [int(line.split()[2]) for line in journal.read_text().splitlines()]


def test_a_canary_that_stays_out_makes_the_worker_unhealthy_then_stuck() -> None:
    canary = Canary(lambda: True)
    for _ in range(UNHEALTHY_AFTER):
        canary.let_fly()
    assert (canary.unhealthy, canary.stuck) == (True, False)
    for _ in range(STUCK_AFTER - UNHEALTHY_AFTER):
        canary.let_fly()
    assert canary.stuck


def test_a_canary_that_comes_back_clears_the_worker() -> None:
    canary = Canary(lambda: True)
    for _ in range(UNHEALTHY_AFTER):
        canary.let_fly()
    canary.came_back()
    assert not canary.unhealthy
    assert canary.came_back_at is not None


def test_a_broker_that_is_away_says_nothing_about_the_worker() -> None:
    canary = Canary(lambda: False)
    for _ in range(STUCK_AFTER):
        canary.let_fly()
    assert not canary.unhealthy


def test_a_worker_that_was_frozen_claims_nothing_before_it_has_renewed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    presence = Presence({}, "a", "a")
    assert not presence.declines
    monkeypatch.setattr(presence, "_renewed_at", presence._renewed_at - presence._lease)
    assert presence.declines


def test_the_hash_tells_definitions_apart() -> None:
    engines = registry().engines
    hashes = {definition_hash(engine) for engine in engines.values()}
    assert len(hashes) == len(engines)
    assert definition_hash(engines["test.a"]) == definition_hash(engines["test.a"])


@pytest.mark.django_db
def test_a_renewal_says_what_was_done_and_when() -> None:
    worker = make_worker()
    proof = workers.Proof(WorkerStatus.BUSY, claimed_ago=1.0, canary_ago=2.0, stale=3)
    assert workers.renew(worker.id, 30, proof)
    worker.refresh_from_db()
    assert (worker.status, worker.stale_reports, worker.last_finish_at) == ("busy", 3, None)
    assert worker.last_claim_at is not None
    assert worker.canary_at is not None
    assert worker.last_claim_at > worker.canary_at


@pytest.mark.django_db
def test_a_renewal_does_not_undo_a_drain() -> None:
    worker = make_worker()
    workers.drain(worker.id, SYSTEM)
    workers.renew(worker.id, 30, workers.Proof(WorkerStatus.READY))
    worker.refresh_from_db()
    assert worker.status == "draining"


@pytest.mark.django_db
def test_after_a_gap_in_time_nobody_is_expired() -> None:
    workers._moments.clear()
    make_worker(lease_seconds=-1)
    sweep.sweep()
    Worker.objects.update(status="ready")
    Tick.objects.filter(name="swept").update(at=database_now() - timedelta(minutes=1))
    sweep.sweep()
    assert Worker.objects.get().status == "ready"
    Tick.objects.filter(name="jumped").delete()
    sweep.sweep()
    assert Worker.objects.get().status == "offline"


@pytest.mark.django_db
def test_a_clock_that_jumps_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    workers._moments.clear()
    assert not workers.time_jumped(30, 5)
    ahead = database_now() + timedelta(minutes=5)
    monkeypatch.setattr(workers, "database_now", lambda: ahead)
    Tick.objects.filter(name="swept").update(at=ahead)
    assert workers.time_jumped(30, 5)
    workers._moments.clear()


@pytest.mark.django_db
def test_a_result_that_comes_after_its_task_was_given_up_is_stale() -> None:
    make_job()
    (held,) = claim()
    report(held, Outcome.LOST, error="silent")
    report(held, Outcome.COMPLETED, output=1)
    assert Attempt.objects.get().outcome == "stale"


@pytest.mark.django_db
def test_a_second_word_on_an_attempt_that_completed_changes_nothing() -> None:
    make_job()
    (held,) = claim()
    report(held, Outcome.COMPLETED)
    report(held, Outcome.COMPLETED)
    assert Attempt.objects.get().outcome == "completed"


def test_a_cancel_leaves_a_receipt(dispatch: Start, journal: Path) -> None:
    job = make_job(task("a", config={"seconds": 60}))
    dispatch()
    eventually(lambda: pids(journal))
    control.cancel(job.id, SYSTEM)
    eventually(lambda: fresh(job).completed_at)
    attempt = Attempt.objects.get()
    times = [attempt.cancel_requested_at, attempt.signalled_at, attempt.gone_at, attempt.freed_at]
    assert all(times)
    assert times == sorted(times, key=lambda at: at or database_now())


def test_a_draining_worker_takes_nothing_and_finishes_what_it_has(
    dispatch: Start, journal: Path
) -> None:
    first = make_job(task("a", config={"seconds": 2}))
    dispatch()
    eventually(lambda: pids(journal))
    worker = Worker.objects.get()
    workers.drain(worker.id, SYSTEM)
    eventually(lambda: fresh(first).completed_at)
    eventually(lambda: Worker.objects.get().status == "draining")
    second = make_job(task("b"))
    assert statuses(second) == {"b": "ready"}
    workers.resume(worker.id, SYSTEM)
    eventually(lambda: fresh(second).completed_at)


def test_a_drained_worker_that_lost_its_lease_is_drained_again(
    dispatch: Start, journal: Path, settings: Any
) -> None:
    settings.CONSOLE_LEASE_SECONDS = 1
    dispatch()
    worker = eventually(Worker.objects.first)
    workers.drain(worker.id, SYSTEM)
    eventually(lambda: Worker.objects.get().status == "draining")
    Worker.objects.update(status="offline")
    eventually(lambda: Worker.objects.exclude(id=worker.id).filter(status="draining").exists())


def test_a_worker_deaf_to_its_queue_stops_to_be_started_anew(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CONSOLE_LEASE_SECONDS = 0.3
    dispatcher = Dispatcher(registry().engines, "deaf", "node", 0.5, lambda: True)
    dispatcher.run()
    assert dispatcher.stuck
    assert Worker.objects.get().stopped_at is not None


def test_results_are_held_while_the_database_is_away(
    dispatch: Start, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(task("a", config={"seconds": 1}))
    step = Dispatcher._step
    away = {"now": False}

    def fail_when_away(self: Dispatcher) -> None:
        if away["now"]:
            raise OperationalError("away")
        step(self)

    monkeypatch.setattr(dispatching.Dispatcher, "_step", fail_when_away)
    dispatcher = dispatch()
    eventually(lambda: pids(journal))
    away["now"] = True
    eventually(lambda: any(run.result for run in dispatcher._hands._runs.values()))
    assert statuses(job) == {"a": "running"}
    away["now"] = False
    eventually(lambda: fresh(job).status == "completed")
    assert by_key(job, "a").attempt == 1


def test_an_engine_may_ask_to_be_stopped_while_its_worker_is_silent(
    dispatch: Start, journal: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CONSOLE_LEASE_SECONDS = 2
    job = make_job(task("a", engine_id="test.shy", config={"seconds": 30}))
    step = Dispatcher._step
    away = {"now": False}

    def fail_when_away(self: Dispatcher) -> None:
        if away["now"]:
            raise OperationalError("away")
        step(self)

    monkeypatch.setattr(dispatching.Dispatcher, "_step", fail_when_away)
    dispatch()
    (pid,) = eventually(lambda: pids(journal))
    away["now"] = True
    eventually(lambda: not Path(f"/proc/{pid}").exists())
    away["now"] = False
    eventually(lambda: len(pids(journal)) == 2)
    assert by_key(job, "a").losses == 0
    control.cancel(job.id, SYSTEM)
    eventually(lambda: fresh(job).completed_at)
