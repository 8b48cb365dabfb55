"""Whole cards, pairs and parts of cards wanted at once: nothing is promised twice, and all ends."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from apps.tasks import claims
from apps.tasks.claims import Claim
from apps.tasks.models import CardHold, Task
from apps.tasks.settle import Outcome
from apps.tasks.status import TaskStatus
from tests.cards.driver import Driver
from tests.cards.pool import reserving, serving, take, waiting
from tests.tasks.jobs import report

pytestmark = pytest.mark.django_db
TOTAL_MB, USED_MB, RESERVE_MB, PART_MB = 8192, 192, 1000, 2400
OF_EACH = 8
ENGINES = {
    "test.a": reserving("test.a", gpus=1),
    "test.b": reserving("test.b", gpus=2),
    "test.light": reserving("test.light", gpu_memory_mb=PART_MB),
    "test.slow": reserving("test.slow"),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("number", [1, 4, 8])
def test_mixed_loads_share_the_cards(
    driver: Driver, look: Callable[[], bool], settings: Any, number: int, seed: int
) -> None:
    settings.CONSOLE_GPU_SECONDS, settings.CONSOLE_GPU_RESERVE_MB = 60, RESERVE_MB
    driver.has_cards(number, used_mb=USED_MB)
    look()
    load = _Load(random.Random(seed))
    for _ in range(1000):
        load.step()
        assert broken() == []
        if load.done(number):
            break
    assert load.done(number)
    assert load.busiest > number // 2


class _Load:
    """Two workers that serve everything; tasks that come to their end or are handed back."""

    def __init__(self, dice: random.Random) -> None:
        for engine_id in ENGINES:
            waiting(OF_EACH, engine_id)
        self._dice = dice
        self._workers = [serving(*ENGINES.values(), name=name) for name in ("w1", "w2")]
        self._running: list[Claim] = []
        self.busiest = 0

    def step(self) -> None:
        engine = ENGINES[self._dice.choice([*ENGINES])]
        worker, limit = self._dice.choice(self._workers), self._dice.randint(1, 4)
        self._running += (
            take(engine, worker, limit)
            if engine.reserves
            else claims.claim(worker.pk, engine.engine_id, limit)
        )
        self.busiest = max(self.busiest, len({uuid for uuid, _ in promised()}))
        for _ in range(self._dice.randint(0, min(3, len(self._running)))):
            ended = self._running.pop(self._dice.randrange(len(self._running)))
            report(ended, self._dice.choice([Outcome.COMPLETED] * 3 + [Outcome.RELEASED]))

    def done(self, cards: int) -> bool:
        """Whether all have ended; where there is one card, those that need two wait for ever."""
        left = Task.objects.exclude(status=TaskStatus.COMPLETED)
        never = {"test.b"} if cards == 1 else set()
        return not left.exclude(engine_id__in=never).exists()


def promised() -> list[tuple[str, str]]:
    """Each card that a running attempt holds, and for which engine."""
    running = dict(Task.objects.filter(status="running").values_list("id", "engine_id"))
    holds = CardHold.objects.filter(task_id__in=running).values_list("task_id", "attempt", "uuid")
    present = set(Task.objects.filter(status="running").values_list("id", "attempt"))
    return [(uuid, running[task]) for task, attempt, uuid in holds if (task, attempt) in present]


def broken() -> list[str]:
    """What is wrong with the promises."""
    of_card: dict[str, list[str]] = defaultdict(list)
    for uuid, engine_id in promised():
        of_card[uuid].append(engine_id)
    found = []
    for uuid, engines in of_card.items():
        whole = [engine_id for engine_id in engines if ENGINES[engine_id].gpus]
        if whole and len(engines) > 1:
            found.append(f"{uuid} is {whole[0]}'s alone, and has {engines}")
        if USED_MB + RESERVE_MB + PART_MB * (len(engines) - len(whole)) > TOTAL_MB:
            found.append(f"{uuid} has no room for {engines}")
    pairs = sum(engines.count("test.b") for engines in of_card.values())
    if pairs % 2:
        found.append("half a pair")
    return found
