"""What is kept of the cards when an attempt runs out of memory, and who sees what of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.tasks import autopsy
from apps.tasks.claims import Claim
from apps.tasks.models import Attempt
from apps.tasks.settle import Outcome, Report
from apps.workers.cards.holders import Holder
from tests.cards.scene import age, card, holding, running, see
from tests.console.answers import body, get
from tests.factories import key_client, make_tenant, staff_client

pytestmark = pytest.mark.django_db

KILLED = "The engine host ended: signal 9."
TORCH = "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"


def death(held: Claim, outcome: Outcome = Outcome.LOST, error: str = KILLED, **more: Any) -> Report:
    return Report(held.task_id, held.job_id, held.attempt, outcome, error=error, **more)


def kept(held: Claim) -> Any:
    return Attempt.objects.get(task_id=held.task_id).autopsy


@pytest.mark.parametrize(
    ("outcome", "error", "code", "wanted"),
    [
        (Outcome.LOST, KILLED, "lost", True),
        (Outcome.LOST, "The command was ended by signal 9.", "lost", True),
        (Outcome.LOST, "The engine host ended: signal 15.", "lost", False),
        (Outcome.LOST, "The engine host ended: signal 95.", "lost", False),
        (Outcome.FAILED, TORCH, "failed", True),
        (Outcome.FAILED, "RuntimeError: CUDA error: out of memory", "failed", True),
        (Outcome.FAILED, "CUDA_ERROR_OUT_OF_MEMORY", "exit_1", True),
        (Outcome.FAILED, "anything", "oom", True),
        (Outcome.FAILED, "CUDA error: device-side assert", "failed", False),
        (Outcome.COMPLETED, KILLED, "", False),
        (Outcome.TIMED_OUT, KILLED, "timeout", False),
    ],
)
def test_only_a_death_for_want_of_memory_asks_for_it(
    outcome: Outcome, error: str, code: str, *, wanted: bool
) -> None:
    assert autopsy.is_wanted(death(running(), outcome, error, error_code=code)) is wanted


def test_the_last_minute_of_its_card_is_kept() -> None:
    held = running()
    see(card(used_mb=1), card("GPU-1", 1), held=[holding(held)])
    age(90)
    see(card(used_mb=2), card("GPU-1", 1), held=[holding(held)])
    see(card(used_mb=3), card("GPU-1", 1))
    autopsy.keep(death(held))
    (found,) = kept(held)
    assert (found["uuid"], found["total_mb"]) == ("GPU-0", 8192)
    assert [sample["used_mb"] for sample in found["samples"]] == [2, 3]


def test_other_cards_take_no_room_from_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.tasks.autopsy.MOST_KEPT", 2)
    held = running()
    for used in (1, 2, 3):
        see(card(used_mb=used), *(card(f"GPU-{n}", n) for n in range(1, 8)), held=[holding(held)])
    autopsy.keep(death(held))
    (found,) = kept(held)
    assert [sample["used_mb"] for sample in found["samples"]] == [2, 3]


def test_one_that_was_on_no_card_keeps_all_of_its_machine() -> None:
    held = running()
    see(card(), card("GPU-1", 1))
    see(card("GPU-9"), node="other")
    autopsy.keep(death(held))
    assert {found["uuid"] for found in kept(held)} == {"GPU-0", "GPU-1"}


def test_a_machine_without_cards_leaves_nothing_to_keep() -> None:
    held = running()
    autopsy.keep(death(held))
    assert kept(held) is None


def test_made_up_cards_explain_no_death() -> None:
    held = running()
    see(card(), driver="simulated")
    autopsy.keep(death(held))
    assert kept(held) is None


def shown(client: Client, held: Claim) -> Any:
    task = body(get(client, f"jobs/{held.job_id}/tasks/{held.task_id}"))
    (attempt,) = task["attempts"]
    (found,) = attempt["autopsy"]
    (sample,) = found["samples"]
    return found, sample


def crowd() -> Claim:
    """An attempt of acme that died beside one of globex."""
    held, other = running("acme"), running("globex")
    holders = [holding(held, 300), holding(other, 500, 78), Holder("hidden", 9, 9)]
    see(card(used_mb=900), held=holders)
    autopsy.keep(death(held))
    return held


def test_staff_see_who_held_what() -> None:
    held = crowd()
    found, sample = shown(staff_client(), held)
    assert (found["uuid"], sample["used_mb"]) == ("GPU-0", 900)
    rows = [(one["kind"], one["tenant"], one["used_mb"]) for one in sample["holders"]]
    assert rows == [("attempt", "acme", 300), ("attempt", "globex", 500), ("hidden", None, 9)]


def test_a_tenant_sees_its_own_part_alone() -> None:
    held = crowd()
    found, sample = shown(key_client(make_tenant("acme")), held)
    assert (found["uuid"], found["name"], found["total_mb"]) == (None, None, None)
    assert sample["used_mb"] == 300
    assert [one["tenant"] for one in sample["holders"]] == ["acme"]


def test_staff_who_choose_the_tenant_see_what_it_sees() -> None:
    held = crowd()
    path = f"jobs/{held.job_id}/tasks/{held.task_id}"
    own = body(get(key_client(make_tenant("acme")), path))
    chosen = body(get(staff_client(), f"{path}?tenant=acme"))
    assert chosen["attempts"] == own["attempts"]
