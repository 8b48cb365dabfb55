"""Any order of calls ends as the model says; the sizes of `docs/reliability.md` run it longer."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from apps.tasks import held
from tests.fault.machine import Machine
from tests.fault.sabotage import without_fence

EXAMPLES = int(os.environ.get("YARD_MACHINE_EXAMPLES", "5"))
STEPS = 50

pytestmark = pytest.mark.django_db


def run(examples: int, *phases: Phase) -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
            deadline=None,
            phases=phases or tuple(Phase),
        ),
    )


@pytest.mark.timeout(7200)
def test_any_order_of_calls_ends_as_the_model_says() -> None:
    run(EXAMPLES)


def test_without_the_fence_the_model_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_MOVE", "_BY_PLACE"):
        monkeypatch.setattr(held, name, getattr(held, name))
    without_fence()
    with pytest.raises(AssertionError):
        run(300, Phase.generate)
