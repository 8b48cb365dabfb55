"""Tasks are claimed together with their cards."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings as given
from django.db import connection

from apps.tasks import reservations
from apps.tasks.card_room import plan
from apps.tasks.models import CardHold, Task
from apps.tasks.settle import Outcome
from apps.tasks.sweep import sweep
from apps.workers.models import Node, Worker
from tests.cards.driver import Driver
from tests.cards.pool import cards_in_use, reserving, serving, take, waiting
from tests.cards.scene import card, see
from tests.tasks.jobs import report

pytestmark = pytest.mark.django_db
Look = Callable[[], bool]


@pytest.fixture(autouse=True)
def _periods(settings: Any) -> None:
    settings.CONSOLE_GPU_SECONDS = 5


@pytest.mark.parametrize("number", [1, 4, 8])
def test_a_machine_runs_as_many_as_it_has_cards(driver: Driver, look: Look, number: int) -> None:
    driver.has_cards(number)
    look()
    waiting(10)
    claimed = take(reserving(gpus=1))
    assert [held.cards for held in claimed] == [(f"GPU-{n}",) for n in range(number)]
    assert cards_in_use() == [f"GPU-{n}" for n in range(number)]
    assert take(reserving(gpus=1)) == []


def test_whole_cards_and_parts_share_a_machine(driver: Driver, look: Look) -> None:
    driver.has_cards(4, used_mb=192)
    look()
    waiting(2, "test.a")
    waiting(9, "test.b")
    whole, part = reserving("test.a", gpus=1), reserving("test.b", gpu_memory_mb=4000)
    assert len(take(whole)) == 2
    assert [held.cards for held in take(part)] == [("GPU-2",), ("GPU-2",), ("GPU-3",), ("GPU-3",)]


def test_a_mig_instance_is_given_as_a_card(driver: Driver, look: Look) -> None:
    driver.has_cards(1, "mig 0 MIG-a 4096 10", "mig 0 MIG-b 4096 10")
    look()
    waiting(3)
    assert [held.cards for held in take(reserving(gpus=1))] == [("MIG-a",), ("MIG-b",)]


@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.FAILED, Outcome.LOST])
def test_whatever_ends_an_attempt_frees_its_card(outcome: Outcome) -> None:
    see(card())
    waiting(2)
    (held,) = take(reserving(gpus=1))
    report(held, outcome, error="gone")
    assert len(take(reserving(gpus=1))) == 1
    assert CardHold.objects.filter(task_id=held.task_id, attempt=1).exists()


def test_a_silent_worker_frees_its_cards_with_its_lease() -> None:
    see(card())
    waiting(1)
    engine = reserving(gpus=1)
    dead = serving(engine, name="dead")
    take(engine, dead)
    Worker.objects.filter(id=dead.id).update(lease_until="2020-01-01T00:00Z")
    assert take(engine, serving(engine)) == []
    sweep()
    assert [held.attempt for held in take(engine, serving(engine))] == [2]
    assert cards_in_use() == ["GPU-0"]


def test_without_a_card_nothing_is_claimed() -> None:
    waiting(1)
    assert take(reserving(gpus=1)) == []
    assert Task.objects.get().status == "ready"


def test_cards_of_other_machines_are_not_given() -> None:
    see(card(), node="elsewhere")
    waiting(1)
    assert take(reserving(gpus=1)) == []


def claim_in_parallel(workers: int) -> int:
    engine = reserving(gpus=1)
    names = [serving(engine, name=f"w{n}") for n in range(workers)]
    barrier = Barrier(workers)

    def one(worker: Worker) -> int:
        try:
            barrier.wait()
            return len(take(engine, worker, limit=1))
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as threads:
        return sum(threads.map(one, names))


@pytest.mark.django_db(transaction=True)
def test_workers_of_one_machine_never_get_the_same_card() -> None:
    see(card(), card("GPU-1", 1))
    waiting(20)
    assert claim_in_parallel(8) == 2
    assert cards_in_use() == ["GPU-0", "GPU-1"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(given.EMBEDDED, reason="SQLite has one writer whatever we do")
def test_without_the_machines_lock_a_card_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    see(card(), card("GPU-1", 1))
    waiting(20)
    monkeypatch.setattr(Node.objects, "select_for_update", lambda **_: Node.objects)
    monkeypatch.setattr(reservations, "plan", slow(plan))
    assert claim_in_parallel(8) > 2


def slow(given_plan: Callable[..., Any]) -> Callable[..., Any]:
    """All look before the first writes."""
    barrier = Barrier(8)

    def late(*args: Any) -> Any:
        barrier.wait(10)
        return given_plan(*args)

    return late
