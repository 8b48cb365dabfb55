"""One look at the cards of a machine, from the driver to the rows."""

from __future__ import annotations

import fcntl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.tasks.gpu_use import credit
from apps.tasks.models import Attempt
from apps.workers.card_models import Gpu, GpuSample, NodeCards, WorkerHosts
from apps.workers.cards import sampler as samplers
from apps.workers.cards import simulated
from apps.workers.cards.holders import Host, hosts_on
from apps.workers.cards.sampler import Sampler
from apps.workers.models import Worker
from tests.cards.driver import Driver
from tests.cards.scene import age, card, newest, running, see
from tests.tasks.jobs import make_worker, report
from tests.waiting import eventually

Look = Callable[[], bool]
pytestmark = pytest.mark.django_db


def publish(worker: Worker, pid: int, task_id: object, attempt: int | None) -> None:
    said = {
        "pid": pid, "group": pid, "engine_id": "test.a", "attempt": attempt,
        "task_id": str(task_id) if task_id else None,
    }  # fmt: skip
    WorkerHosts.objects.create(worker=worker, hosts=[said])


def test_a_look_keeps_what_the_driver_says(driver: Driver, look: Look) -> None:
    driver.has_cards(4)
    assert look()
    assert Gpu.objects.count() == 4
    assert (newest().used_mb, newest().utilization, newest().power_w) == (1000, 37, 120.5)


def test_a_driver_that_fails_leaves_the_reason(driver: Driver, look: Look) -> None:
    driver.has_cards(1)
    look()
    driver.says("error nvmlInit * 9")
    look()
    assert NodeCards.objects.get().reason == "no_driver"
    assert (newest().used_mb, newest().reason) == (None, "no_driver")


def test_a_card_of_a_running_attempt_credits_it(
    driver: Driver, child: subprocess.Popen[bytes], settings: Any
) -> None:
    settings.CONSOLE_GPU_SECONDS = 5
    worker = make_worker()
    held = running(worker=worker)
    publish(worker, child.pid, held.task_id, held.attempt)
    driver.has_cards(1, f"process GPU-0 {child.pid} 300", "process GPU-0 4194309 50")
    Sampler("node", credit).sample()
    attempt = Attempt.objects.get()
    assert attempt.gpu_memory_peak_mb == 300
    assert attempt.gpu_ms == 5000
    kinds = [(one["kind"], one["task_id"]) for one in newest().holders]
    assert kinds == [("attempt", str(held.task_id)), ("hidden", None)]


@pytest.mark.parametrize(("ago", "seconds"), [(3, 3), (60, 10)])
def test_a_look_counts_from_the_last_of_any_process_of_the_machine(
    driver: Driver, child: subprocess.Popen[bytes], settings: Any, ago: int, seconds: int
) -> None:
    settings.CONSOLE_GPU_SECONDS = 5
    worker = make_worker()
    held = running(worker=worker)
    publish(worker, child.pid, held.task_id, held.attempt)
    see(card())
    age(ago)
    driver.has_cards(1, f"process GPU-0 {child.pid} 300")
    Sampler("node", credit).sample()
    gpu_ms = Attempt.objects.get().gpu_ms
    assert gpu_ms is not None
    assert 0 <= gpu_ms / 1000 - seconds < 2


def test_an_attempt_that_ended_meanwhile_left_its_memory_to_the_host(
    driver: Driver, child: subprocess.Popen[bytes]
) -> None:
    worker = make_worker()
    held = running(worker=worker)
    publish(worker, child.pid, held.task_id, held.attempt)
    report(held)
    driver.has_cards(1, f"process GPU-0 {child.pid} 300")
    Sampler("node", credit).sample()
    (holder,) = newest().holders
    assert (holder["kind"], holder["engine_id"], holder["task_id"]) == ("engine", "test.a", None)
    assert Attempt.objects.get().gpu_memory_peak_mb is None


def test_while_one_process_looks_no_other_does(driver: Driver, look: Look) -> None:
    driver.has_cards(1)
    with samplers._only_here("node") as alone:
        assert alone
        assert not look()
    assert look()


def test_without_the_lock_both_would_look(
    driver: Driver, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.has_cards(1)
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    with samplers._only_here("node"):
        assert look()


def test_machines_do_not_wait_for_each_other(driver: Driver, look: Look) -> None:
    driver.has_cards(1)
    with samplers._only_here("other/node"):
        assert look()


def test_processes_that_share_no_folder_take_turns(
    driver: Driver, look: Look, settings: Any
) -> None:
    driver.has_cards(1)
    settings.CONSOLE_GPU_SECONDS = 3600
    assert look()
    assert not look()


def test_a_machine_without_the_library_is_left_alone_for_a_while(
    driver: Driver, look: Look
) -> None:
    driver.remove()
    assert look()
    assert not look()


def test_a_machine_whose_library_has_gone_is_not_left_alone(driver: Driver, look: Look) -> None:
    driver.has_cards(1)
    look()
    driver.remove()
    assert look()
    assert look()


# Made-up cards -----------------------------------------------------------------------------------


def test_made_up_cards_are_labelled_and_credit_nobody(
    child: subprocess.Popen[bytes], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONSOLE_GPU_DRIVER = "simulated"
    worker = make_worker()
    held = running(worker=worker)
    publish(worker, child.pid, held.task_id, held.attempt)
    Sampler("node", credit).sample()
    assert set(Gpu.objects.values_list("driver", flat=True)) == {"simulated"}
    kinds = {one["kind"] for sample in GpuSample.objects.all() for one in sample.holders}
    assert kinds == {"attempt", "hidden"}
    assert Attempt.objects.get().gpu_ms is None


def test_made_up_cards_are_the_same_for_the_same_moment() -> None:
    first = simulated.reading("node", 1000.0, [7])
    assert first == simulated.reading("node", 1000.0, [7])
    assert first != simulated.reading("other", 1000.0, [7])
    assert all(0 < (card.used_mb or 0) < (card.total_mb or 0) for card in first.cards)


# On its thread -----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_who_is_asked_looks_and_goes_on_after_a_failure(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samplers, "MISSED_PERIODS", 10**6)
    driver.has_cards(1)
    failed = threading.Event()

    def fail_once(node: str) -> list[Host]:
        if failed.is_set():
            return hosts_on(node)
        failed.set()
        raise ValueError

    monkeypatch.setattr(samplers, "hosts_on", fail_once)
    sampler = Sampler("node", lambda _: ())
    sampler.start()
    samplers.hear()
    assert failed.wait(10)
    samplers.hear()
    eventually(lambda: NodeCards.objects.filter(node_id="node").exists())
    sampler.stop()


@pytest.mark.django_db(transaction=True)
def test_who_is_not_asked_for_long_looks_all_the_same(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CONSOLE_GPU_SECONDS = 0.1
    driver.has_cards(1)
    sampler = Sampler("node", lambda _: ())
    sampler.start()
    eventually(NodeCards.objects.exists)
    sampler.stop()


def test_the_lock_is_a_file_of_the_data_folder(driver: Driver, look: Look, settings: Any) -> None:
    look()
    assert Path(settings.CONSOLE_DATA_DIR / "cards-node.lock").is_file()
