"""A worker whose engines reserve cards, with real engine hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from apps.jobs.models import Job
from apps.tasks import control
from apps.tasks.engines.definition import Engine
from apps.tasks.engines.dispatcher import Dispatcher
from apps.tasks.engines.registry import registry
from apps.tasks.models import Attempt, Task
from apps.tenants.audit import SYSTEM
from tests.cards.pool import cards_in_use, reserving, waiting
from tests.cards.scene import card, see
from tests.tasks.jobs import ended
from tests.waiting import eventually

Start = Callable[..., Dispatcher]
pytestmark = pytest.mark.django_db(transaction=True)
SAY: dict[str, Any] = {"config": {"script": 'echo "\\"$CUDA_VISIBLE_DEVICES\\"" > $YARD_OUTPUT'}}
STAY: dict[str, Any] = {"config": {"script": "sleep 60"}}


@pytest.fixture
def start(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a worker of these engines on the machine `node`."""
    settings.CONSOLE_GPU_SECONDS = 600
    monkeypatch.setenv("YARD_JOURNAL", str(tmp_path / "journal"))
    running: list[tuple[Dispatcher, Thread]] = []

    def begin(*engines: Engine, name: str = "w1") -> Dispatcher:
        named = {engine.engine_id: engine for engine in engines}
        dispatcher = Dispatcher(named, name, "node", 0.5)
        thread = Thread(target=dispatcher.run, daemon=True)
        thread.start()
        running.append((dispatcher, thread))
        return dispatcher

    yield begin
    for dispatcher, thread in running:
        dispatcher.stop()
        thread.join(20)
        assert not thread.is_alive()


def outputs(job: Job) -> set[Any]:
    return set(Task.objects.filter(job=job).values_list("output", flat=True))


def python(engine_id: str, **more: Any) -> Engine:
    """An engine whose host stays warm."""
    found = registry().engines["test.a"]
    return reserving(engine_id, kind="python", python=found.python, command=(), **more)


def test_an_attempt_sees_its_cards_by_uuid(start: Start) -> None:
    see(card(), card("GPU-1", 1))
    start(reserving(gpus=2, concurrency=2))
    assert outputs(ended(waiting(2, **SAY))) == {"GPU-0,GPU-1"}


def test_a_part_of_a_card_is_seen_as_that_card(start: Start) -> None:
    see(card(used_mb=8000), card("GPU-1", 1))
    start(reserving(gpu_memory_mb=3000, concurrency=2))
    assert outputs(ended(waiting(2, **SAY))) == {"GPU-1"}


def test_a_cancelled_attempt_gives_its_card_to_the_next(start: Start) -> None:
    see(card())
    start(reserving("test.a", gpus=1), reserving("test.b", gpus=1))
    first = waiting(1, "test.a", **STAY)
    eventually(cards_in_use)
    second = waiting(1, "test.b", **SAY)
    control.cancel(first.id, SYSTEM)
    assert outputs(ended(second)) == {"GPU-0"}


def test_a_host_stays_warm_for_its_card(start: Start) -> None:
    see(card())
    dispatcher = start(python("test.a", gpus=1))
    ended(waiting(2, "test.a"))
    assert dispatcher._hands.pool.warm("test.a") == [("GPU-0",)]
    assert len(list(dispatcher._hands.pool)) == 1


def test_a_warm_host_leaves_a_card_that_another_engine_gets(start: Start) -> None:
    see(card())
    dispatcher = start(python("test.a", gpus=1), python("test.b", gpus=1))
    ended(waiting(1, "test.a"))
    ended(waiting(1, "test.b"))
    assert dispatcher._hands.pool.warm("test.a") == []


def test_a_warm_host_leaves_a_card_that_another_worker_gets(start: Start) -> None:
    see(card())
    first = start(python("test.a", gpus=1))
    ended(waiting(1, "test.a"))
    start(reserving("test.b", gpus=1), name="w2")
    job = waiting(1, "test.b", **STAY)
    eventually(lambda: not first._hands.pool.warm("test.a"))
    control.cancel(job.id, SYSTEM)


def test_an_attempt_that_ends_by_itself_keeps_its_record(start: Start) -> None:
    see(card())
    start(reserving(gpus=1))
    job = ended(waiting(1, **SAY))
    (hold,) = Task.objects.get(job=job).card_holds.all()
    assert (hold.uuid, hold.attempt, hold.memory_mb) == ("GPU-0", 1, None)
    assert Attempt.objects.get().outcome == "completed"
