"""From the driver's library through the child and the rows to what staff see: every way to fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from apps.tasks.engines.registry import registry
from apps.workers.cards import child as children
from apps.workers.transitions import take_tick
from tests.cards.driver import Driver, card
from tests.cards.test_reader import CODES
from tests.console.answers import body, get
from tests.factories import staff_client
from tests.tasks.jobs import make_worker

Look = Callable[[], bool]
pytestmark = pytest.mark.django_db
HARMLESS = {3, 6, 13, 21, 22, 24, 25, 26, 27, 30}
"""It does not know, or cannot tell: a figure is missing, nothing is broken."""
GONE = {8, 11, 14, 15, 16, 28}


@dataclass(frozen=True)
class Seen:
    """What staff are told of the cards of one machine. `alerts` leave out all that is not cards."""

    node: str
    cards: list[tuple[str, str, int | None]]
    used_mb: int | None
    total_mb: int | None
    alerts: list[str]


@pytest.fixture
def staff() -> Client:
    """On a console where nothing else is wrong."""
    worker = make_worker(lease_seconds=600)
    worker.engines = {engine_id: {"slots": 4} for engine_id in registry().engines}
    worker.save(update_fields=["engines"])
    take_tick("sweep", 5)
    return staff_client()


def seen(staff: Client) -> Seen:
    (node,) = body(get(staff, "gpus"))["nodes"]
    system: dict[str, Any] = body(get(staff, "dashboard"))["system"]
    alerts = [one["code"] for one in system["reasons"]]
    assert (system["status"] == "healthy") == (not alerts)
    cards = [(one["uuid"], one["status"], one["used_mb"]) for one in node["cards"]]
    return Seen(
        node["status"], cards, system["gpu_memory_used_mb"], system["gpu_memory_total_mb"], alerts
    )


def looks(look: Look, times: int = 2) -> None:
    """Often: what is wrong is said once."""
    for _ in range(times):
        assert look()


@pytest.mark.parametrize("code", [*CODES, 4242])
def test_a_card_that_answers_with_an_error_is_never_an_empty_one(
    staff: Client, driver: Driver, look: Look, code: int
) -> None:
    driver.has_cards(2, f"error nvmlDeviceGetMemoryInfo GPU-0 {code}", used_mb=7)
    looks(look)
    status = "ok" if code in HARMLESS else "lost" if code in GONE else "unreadable"
    alert = {"ok": [], "lost": ["gpu_lost"], "unreadable": ["gpu_unreadable"]}[status]
    assert seen(staff) == Seen(
        "degraded" if alert else "ok", [("GPU-0", status, None), ("GPU-1", "ok", 7)],
        7, 8192, alert,
    )  # fmt: skip


@pytest.mark.parametrize("code", [*CODES, 4242])
def test_a_machine_whose_driver_fails_has_cards_that_nobody_can_read(
    staff: Client, driver: Driver, look: Look, code: int
) -> None:
    driver.has_cards(1)
    assert look()
    driver.has_cards(1, f"error nvmlInit * {code}")
    looks(look, 1)
    found = seen(staff)
    assert (found.node, found.used_mb, found.total_mb) == ("degraded", None, None)
    assert [used for _, _, used in found.cards] == [None]
    assert len(found.alerts) == 1


@pytest.mark.parametrize("code", [9, 12])
def test_a_machine_that_never_had_a_card_is_in_no_trouble(
    staff: Client, driver: Driver, look: Look, code: int
) -> None:
    driver.has_cards(0, f"error nvmlInit * {code}")
    assert look()
    assert seen(staff) == Seen("none", [], None, None, [])


def test_no_library_and_no_card_are_no_card(staff: Client, driver: Driver, look: Look) -> None:
    driver.has_cards(0)
    looks(look)
    assert seen(staff) == Seen("none", [], None, None, [])
    driver.remove()
    assert look()
    assert seen(staff) == Seen("none", [], None, None, [])


def test_an_empty_card_has_0_and_is_well(staff: Client, driver: Driver, look: Look) -> None:
    driver.has_cards(1, used_mb=0)
    looks(look)
    assert seen(staff) == Seen("ok", [("GPU-0", "ok", 0)], 0, 8192, [])


@pytest.mark.parametrize("fault", ["hang nvmlInit", "crash nvmlDeviceGetMemoryInfo"])
def test_a_driver_that_hangs_or_crashes_harms_only_the_figure(
    staff: Client, driver: Driver, look: Look, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    driver.has_cards(1)
    assert look()
    driver.has_cards(1, fault)
    with monkeypatch.context() as patch:
        patch.setattr(children, "SECONDS", 0.5)
        looks(look)
    assert seen(staff) == Seen("degraded", [("GPU-0", "unreadable", None)], None, None,
                               ["gpu_unreadable"])  # fmt: skip
    driver.has_cards(1)
    assert look()
    assert seen(staff) == Seen("ok", [("GPU-0", "ok", 1000)], 1000, 8192, [])


def test_a_card_that_is_gone_is_missed_until_another_takes_its_place(
    staff: Client, driver: Driver, look: Look
) -> None:
    driver.has_cards(2)
    looks(look)
    driver.has_cards(1)
    looks(look)
    assert seen(staff) == Seen("degraded", [("GPU-0", "ok", 1000), ("GPU-1", "lost", None)],
                               1000, 8192, ["gpu_lost"])  # fmt: skip
    driver.says("driver 550.54.15", card("GPU-0"), card("GPU-new", 5))
    looks(look)
    assert seen(staff) == Seen("ok", [("GPU-0", "ok", 1000), ("GPU-new", "ok", 5)],
                               1005, 16_384, [])  # fmt: skip
