"""Work for a console under fault, and a client that does not give up."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from tests.consoles import Client

PATIENCE_SECONDS = 90.0


def dag(
    dice: random.Random, size: int, seconds: float, engine: str = "fault.work"
) -> list[dict[str, Any]]:
    """Tasks of about so many seconds; most wait for one or two others, a few fail once."""
    tasks: list[dict[str, Any]] = []
    for number in range(size):
        config: dict[str, Any] = {"seconds": round(dice.uniform(0, 2 * seconds), 3)}
        if dice.random() < 0.01:
            config["fail_times"] = 1
        needed = min(number, dice.choice((0, 1, 1, 2)))
        earlier = [task["key"] for task in tasks[-8:]]
        tasks.append(
            {
                "key": f"t{number}",
                "engine_id": engine,
                "depends_on": dice.sample(earlier, min(needed, len(earlier))),
                "config": config,
            }
        )
    return tasks


class Feeder:
    """Submits jobs until they are accepted, with an idempotency key as the API recommends.

    `while_away` is called each time when nobody answered.
    """

    def __init__(self, client: Client, dice: random.Random, seconds: float, size: int = 25) -> None:
        self._client = client
        self._dice = dice
        self._seconds = seconds
        self._size = size
        self.tasks = 0
        self.jobs: list[str] = []
        self.told_to_fail = 0
        self.answers: Counter[str] = Counter()
        self.slowest = 0.0
        self.while_away: Callable[[], None] = lambda: None

    def feed(self, up_to: int | None = None) -> str:
        """One more job; of fewer tasks where a total is not to be passed."""
        size = self._size if up_to is None else min(self._size, up_to - self.tasks)
        job_id = self.submit(dag(self._dice, size, self._seconds))
        self.tasks += size
        return job_id

    def submit(self, tasks: list[dict[str, Any]]) -> str:
        """Its id, once it is accepted. AssertionError when nobody answers for too long."""
        body = {"name": "fault", "tasks": tasks}
        self.told_to_fail += sum(task.get("config", {}).get("fail_times", 0) for task in tasks)
        headers = {"Idempotency-Key": uuid4().hex}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self._ask(body, headers)
            if answer is not None and answer.status_code in (200, 201):
                self.jobs.append(answer.json()["id"])
                return self.jobs[-1]
            time.sleep(0.1)
            if answer is None:
                self.while_away()
        message = f"nobody took a job within {PATIENCE_SECONDS} s: {dict(self.answers)}"
        raise AssertionError(message)

    @property
    def bad(self) -> dict[str, int]:
        """Answers that a client should never see: any 5xx but a 503 that says when to come back."""
        return {
            words: number
            for words, number in self.answers.items()
            if words.startswith("5") and words != "503 later"
        }

    def _ask(self, body: dict[str, Any], headers: dict[str, str]) -> httpx.Response | None:
        began = time.monotonic()
        try:
            answer = self._client.post("/jobs", json=body, headers=headers)
        except httpx.TransportError as error:
            self.answers[type(error).__name__] += 1
            return None
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)
        self.answers[words_of(answer)] += 1
        return answer


def words_of(answer: httpx.Response) -> str:
    """The status; of a 503 also whether it says when to come back."""
    later = answer.status_code == 503 and "Retry-After" in answer.headers
    return "503 later" if later else str(answer.status_code)
