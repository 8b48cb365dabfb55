"""The child that asks the driver, through the binding and a stub of the driver's library."""

from __future__ import annotations

import subprocess
import sys
import time

import pynvml
import pytest

from apps.workers.cards import child as children
from apps.workers.cards import reasons
from apps.workers.cards.child import Reader
from apps.workers.cards.reading import Card, Reading, Using
from tests.cards.driver import Driver
from tests.consoles import ROOT

CODES = sorted(
    value
    for name, value in vars(pynvml).items()
    if name.startswith("NVML_ERROR_") and isinstance(value, int)
)


def read() -> Reading:
    return Reader().read()


def only(reading: Reading) -> Card:
    (card,) = reading.cards
    return card


@pytest.mark.parametrize("number", [0, 1, 4, 8])
def test_every_card_is_read(driver: Driver, number: int) -> None:
    driver.has_cards(number)
    reading = read()
    assert (reading.reason, reading.driver, reading.driver_version) == ("", "nvml", "550.54.15")
    assert [card.uuid for card in reading.cards] == [f"GPU-{n}" for n in range(number)]


def test_a_card_tells_its_figures(driver: Driver) -> None:
    driver.has_cards(1, "process GPU-0 77 300", "process GPU-0 78 -1")
    assert only(read()) == Card(
        uuid="GPU-0", index=0, name="Test card", total_mb=8192, used_mb=1000, utilization=37,
        temperature=55, power_w=120.5, processes=(Using(77, 300), Using(78, None)),
    )  # fmt: skip


def test_nothing_used_is_zero(driver: Driver) -> None:
    driver.has_cards(1, used_mb=0)
    card = only(read())
    assert (card.used_mb, card.reason) == (0, "")


def test_every_code_of_the_binding_has_a_reason() -> None:
    assert set(CODES) <= reasons.OF_CODE.keys()
    assert len(CODES) > 25


@pytest.mark.parametrize("code", [*CODES, 4242])
def test_a_driver_that_refuses_to_begin_says_why(driver: Driver, code: int) -> None:
    driver.has_cards(1, f"error nvmlInit * {code}")
    reading = read()
    assert (reading.cards, reading.reason) == ((), reasons.of_code(code))
    assert reading.detail == f"NVML error {code} in nvmlInit"


@pytest.mark.parametrize("code", [*CODES, 4242])
def test_a_card_whose_memory_cannot_be_read_has_none_and_a_reason(
    driver: Driver, code: int
) -> None:
    driver.has_cards(2, f"error nvmlDeviceGetMemoryInfo GPU-0 {code}")
    first, second = read().cards
    assert (first.used_mb, first.total_mb) == (None, None)
    assert first.reason == reasons.of_code(code)
    assert (second.used_mb, second.reason) == (1000, "")


@pytest.mark.parametrize("code", [15, 16, 28])
@pytest.mark.parametrize("function", ["nvmlDeviceGetUtilizationRates", "nvmlDeviceGetName"])
def test_a_card_that_is_lost_is_lost_whatever_call_says_so(
    driver: Driver, function: str, code: int
) -> None:
    driver.has_cards(1, f"error {function} GPU-0 {code}")
    assert only(read()).reason == reasons.of_code(code)


def test_a_card_that_does_not_even_say_who_it_is_keeps_its_place(driver: Driver) -> None:
    driver.has_cards(3, "error nvmlDeviceGetHandleByIndex GPU-1 15")
    _, lost, last = read().cards
    assert (lost.index, lost.uuid, lost.reason) == (1, "", "card_lost")
    assert last.uuid == "GPU-2"


def test_a_figure_that_is_not_supported_leaves_the_others(driver: Driver) -> None:
    driver.has_cards(1, "error nvmlDeviceGetPowerUsage GPU-0 3")
    card = only(read())
    assert (card.power_w, card.used_mb, card.reason) == (None, 1000, "")


@pytest.mark.parametrize(
    "function", ["nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetComputeRunningProcesses_v3"]
)
def test_an_older_library_is_asked_in_the_older_way(driver: Driver, function: str) -> None:
    driver.has_cards(1, f"absent {function}", "process GPU-0 77 300")
    card = only(read())
    assert (card.used_mb, card.processes) == (1000, (Using(77, 300),))


def test_mig_instances_are_cards_of_their_own(driver: Driver) -> None:
    driver.has_cards(
        1, "mig 0 MIG-a 4096 10", "mig 0 MIG-b 2048 20", "process MIG-a 77 5",
        "process GPU-0 77 5", "process GPU-0 78 6",
    )  # fmt: skip
    whole, first, second = read().cards
    assert (first.uuid, first.mig_parent, first.used_mb) == ("MIG-a", "GPU-0", 10)
    assert (second.index, second.total_mb, second.utilization) == (1, 2048, None)
    assert first.processes == (Using(77, 5),)
    assert whole.processes == (Using(78, 6),)


def test_a_machine_without_the_library_says_so(driver: Driver) -> None:
    driver.remove()
    reading = read()
    assert (reading.cards, reading.reason) == ((), "no_library")


@pytest.mark.parametrize("function", ["nvmlInit", "nvmlDeviceGetMemoryInfo"])
def test_a_driver_that_hangs_is_left_after_its_time(
    driver: Driver, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "SECONDS", 1.0)
    driver.has_cards(1, f"hang {function}")
    began = time.monotonic()
    assert read().reason == "timeout"
    assert time.monotonic() - began < 4.0


def test_a_child_that_cannot_be_killed_is_not_joined_by_another(driver: Driver) -> None:
    reader = Reader()
    driver.has_cards(1)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as former:
        reader._stuck = former
        assert reader.read().reason == "timeout"
    assert reader.read().reason == ""


def test_a_child_whose_parent_has_died_ends_by_itself(driver: Driver) -> None:
    driver.has_cards(1, "hang nvmlInit")
    with subprocess.Popen(
        [sys.executable, "-m", "apps.workers.cards.reader"], cwd=ROOT, stdout=subprocess.PIPE
    ) as orphan:
        assert orphan.wait(20) == -14


def test_a_library_that_cannot_be_loaded_counts_as_none(driver: Driver) -> None:
    (driver.folder / "libnvidia-ml.so.1").write_bytes(b"not a library")
    assert read().reason == "no_library"


def test_a_driver_that_takes_its_process_along_leaves_us_alive(driver: Driver) -> None:
    driver.has_cards(1, "crash nvmlDeviceGetMemoryInfo")
    reading = read()
    assert (reading.cards, reading.reason) == ((), "unknown")
    assert reading.detail == "The reading ended with -6."


def test_the_child_gets_no_secret(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_SECRET_KEY", "hush")
    monkeypatch.setenv("DATABASE_URL", "hush")
    assert "hush" not in children._environment().values()
