"""How much of a card is free."""

from __future__ import annotations

from typing import Any

import pytest

from apps.tasks.card_room import CardRoom, rooms
from apps.workers.cards import reasons
from apps.workers.cards.holders import Holder
from apps.workers.cards.reading import SIMULATED
from tests.cards.pool import reserving, serving, take, waiting
from tests.cards.scene import age, card, holding, see
from tests.tasks.jobs import report

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _periods(settings: Any) -> None:
    settings.CONSOLE_GPU_SECONDS = 5


def only() -> CardRoom:
    (found,) = rooms("node")
    return found


def test_a_machine_that_was_never_looked_at_has_none() -> None:
    assert rooms("node") == []


def test_what_the_driver_says_is_used_is_not_free() -> None:
    see(card(used_mb=1000))
    assert (only().free_mb, only().whole, only().shared) == (7192, False, False)


def test_an_old_sample_says_nothing_of_what_is_free() -> None:
    see(card())
    age(16)
    assert only().free_mb is None


def test_a_card_that_is_lost_or_gone_is_no_room() -> None:
    see(card(), card("GPU-1", 1))
    see(card(reason=reasons.CARD_LOST))
    assert rooms("node") == []


def test_a_machine_whose_driver_fails_has_none() -> None:
    see(card())
    see(reason=reasons.NO_DRIVER)
    assert rooms("node") == []


def test_simulated_cards_are_for_looking_only() -> None:
    see(card(), driver=SIMULATED)
    assert rooms("node") == []


def test_the_instances_of_a_split_card_stand_for_it() -> None:
    see(card(), card("MIG-a", mig_parent="GPU-0"), card("MIG-b", mig_parent="GPU-0"))
    assert [(room.uuid, room.mig) for room in rooms("node")] == [("MIG-a", True), ("MIG-b", True)]


def test_a_promise_counts_before_its_memory_is_used() -> None:
    see(card(used_mb=200))
    waiting(1)
    take(reserving(gpu_memory_mb=3000))
    assert (only().free_mb, only().shared) == (8192 - 200 - 3000, True)


def test_an_attempt_takes_its_promise_or_what_it_has() -> None:
    see(card(used_mb=200))
    waiting(2)
    engine = reserving(gpu_memory_mb=1000)
    first, second = take(engine)
    held = holding(first, 2500), holding(second, 400)
    see(card(used_mb=3100), held=held)
    assert only().free_mb == 8192 - 200 - 2500 - 1000


def test_memory_of_hidden_processes_counts_once() -> None:
    see(card(used_mb=0))
    waiting(1)
    take(reserving(gpu_memory_mb=3000))
    see(card(used_mb=2000), held=[Holder("hidden", 1, 2000)])
    assert only().free_mb == 8192 - 3000


def test_the_reserve_is_kept_beside_what_realtime_workers_have(settings: Any) -> None:
    settings.CONSOLE_GPU_RESERVE_MB = 2000
    see(card(used_mb=500), held=[Holder("worker", 1, 500)])
    assert only().free_mb == 8192 - 2000


def test_idle_hosts_of_reserving_engines_would_make_room() -> None:
    engine = reserving(gpu_memory_mb=3000)
    waiting(1)
    see(card(used_mb=100))
    (held,) = take(engine, serving(engine))
    see(card(used_mb=4000), held=[holding(held, 4000)])
    report(held)
    assert (only().free_mb, only().idle_mb, only().shared) == (4192, 4000, False)


def test_idle_hosts_of_other_engines_keep_what_they_have() -> None:
    see(card(used_mb=4000), held=[Holder("engine", 1, 4000, engine_id="test.b")])
    assert (only().free_mb, only().idle_mb) == (4192, 0)
