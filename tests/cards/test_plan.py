"""Which cards attempts get."""

from __future__ import annotations

from typing import Any

from apps.tasks.card_room import CardRoom, Wanted, plan


def room(index: int, free_mb: int | None = 8000, **more: Any) -> CardRoom:
    return CardRoom(f"GPU-{index}", index, 8192, **({"mig": False, "free_mb": free_mb} | more))


def picked(*found: CardRoom, most: int = 16, warm: Any = (), **wanted: int) -> list[Any]:
    return [pick.cards for pick in plan(found, Wanted(**wanted), most, warm)]


def test_whole_cards_go_to_one_attempt_each() -> None:
    assert picked(room(0), room(1), room(2), gpus=1) == [("GPU-0",), ("GPU-1",), ("GPU-2",)]


def test_no_more_are_picked_than_are_asked_for() -> None:
    assert picked(room(0), room(1), most=1, gpus=1) == [("GPU-0",)]


def test_an_attempt_of_several_cards_gets_all_or_none() -> None:
    assert picked(room(0), room(1), room(2), gpus=2) == [("GPU-0", "GPU-1")]
    assert picked(room(0), gpus=2) == []


def test_a_card_of_which_a_part_is_held_is_nobodys_whole() -> None:
    assert picked(room(0, shared=True), room(1, whole=True), room(2), gpus=1) == [("GPU-2",)]


def test_a_mig_instance_is_a_card_and_no_two_go_together() -> None:
    instances = room(0, mig=True), room(1, mig=True)
    assert len(picked(*instances, gpus=1)) == 2
    assert picked(*instances, gpus=2) == []


def test_whole_cards_with_a_warm_host_go_first() -> None:
    found = room(0), room(1), room(2)
    assert picked(*found, most=1, gpus=1, warm=[("GPU-1",)]) == [("GPU-1",)]


def test_parts_fill_a_card_before_the_next_is_begun() -> None:
    found = picked(room(0), room(1, 7000), memory_mb=3000)
    assert found == [("GPU-1",), ("GPU-1",), ("GPU-0",), ("GPU-0",)]


def test_no_part_is_picked_where_too_little_is_free() -> None:
    assert picked(room(0, 2999), memory_mb=3000) == []


def test_no_part_is_picked_where_nobody_knows_what_is_free() -> None:
    assert picked(room(0, None), memory_mb=1) == []


def test_no_part_is_picked_of_a_card_that_is_held_whole() -> None:
    assert picked(room(0, whole=True), memory_mb=1) == []


def test_a_whole_card_may_have_to_have_memory_free() -> None:
    assert picked(room(0, 2000), room(1, 9000), gpus=1, memory_mb=6000) == [("GPU-1",)]


def test_what_idle_hosts_keep_is_taken_last() -> None:
    found = room(0, 1000, idle_mb=5000), room(1, 6000)
    first, second = plan(found, Wanted(memory_mb=6000), 2)
    assert (first, second) == ((("GPU-1",), False), (("GPU-0",), True))


def test_what_idle_hosts_keep_is_given_once() -> None:
    assert len(picked(room(0, 1000, idle_mb=5000), memory_mb=3000)) == 2
