"""Why a task that needs a card waits."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.tasks import sweep
from apps.tasks.models import WaitSpan
from tests.cards.pool import reserving, serving, take, waiting
from tests.cards.scene import age, card, see
from tests.console.whys import reasons, why
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import report

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _periods(settings: Any) -> None:
    settings.CONSOLE_GPU_SECONDS = 5


@pytest.fixture
def staff() -> Client:
    return staff_client()


def said(client: Client, **wanted: Any) -> str:
    serving(reserving(**wanted))
    answer = why(client, waiting(1), "t0")
    assert answer["reason"] == "no_card_free"
    return str(answer["detail"])


def test_both_numbers_are_told_of_memory(staff: Client, settings: Any) -> None:
    settings.CONSOLE_GPU_RESERVE_MB = 1000
    see(card(used_mb=6000), card("GPU-1", 1, used_mb=5000))
    assert said(staff, gpu_memory_mb=6000) == (
        "It needs 6,000 MiB free on one card; the most that is free is 2,192 MiB, on node, "
        "beside 1,000 MiB kept for realtime workers on each."
    )


def test_both_numbers_are_told_of_cards(staff: Client) -> None:
    see(card(), card("GPU-1", 1))
    waiting(1, "test.b")
    take(reserving("test.b", gpus=1))
    assert said(staff, gpus=2) == (
        "It needs 2 cards of one machine for itself; the most is 1 of 2 on node."
    )


def test_a_machine_without_a_card_is_told(staff: Client) -> None:
    assert said(staff, gpus=1) == (
        "It needs a card for itself; no machine that runs its engine has a card that works."
    )


def test_memory_that_nobody_knows_is_told(staff: Client) -> None:
    see(card())
    age(60)
    assert "is not known now" in said(staff, gpu_memory_mb=1)


def test_a_tenant_hears_only_what_its_task_needs() -> None:
    see(card(used_mb=8000))
    client = key_client(make_tenant())
    assert said(client, gpus=1, gpu_memory_mb=500) == (
        "It needs a card for itself, with 500 MiB free."
    )


def test_a_task_that_would_fit_is_in_line(staff: Client) -> None:
    see(card())
    serving(reserving(gpus=1))
    assert why(staff, waiting(1), "t0")["reason"] == "next_in_line"


def spans() -> list[tuple[str, bool]]:
    """The reason of each span, and whether it is over."""
    found = WaitSpan.objects.order_by("id").values_list("reason", "ended_at")
    return [(reason, ended_at is not None) for reason, ended_at in found]


def test_who_waited_for_a_card_can_see_so_afterwards(staff: Client) -> None:
    see(card())
    engine = reserving(gpus=1)
    worker = serving(engine)
    job = waiting(2)
    (held,) = take(engine, worker)
    sweep.sweep()
    assert spans() == [("no_card_free", False)]
    report(held)
    take(engine, worker)
    sweep.sweep()
    assert spans() == [("no_card_free", True)]
    assert reasons(why(staff, job, "t1")) == ["no_card_free", "running"]


def test_a_card_that_is_free_between_two_tasks_ends_no_wait() -> None:
    see(card(), card("GPU-1", 1))
    engine = reserving(gpus=1)
    waiting(4)
    held, _ = take(engine, serving(engine))
    sweep.sweep()
    report(held)
    sweep.sweep()
    assert spans() == [("no_card_free", False)]


def test_nobody_waits_for_a_card_that_is_free() -> None:
    see(card())
    serving(reserving(gpus=1))
    waiting(1)
    sweep.sweep()
    assert spans() == []
