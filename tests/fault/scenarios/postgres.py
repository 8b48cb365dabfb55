"""PostgreSQL crashes and recovers while jobs are submitted and read."""

from __future__ import annotations

import threading
import time
from collections import Counter

import httpx

from tests.fault.arena import Arena, repeats
from tests.fault.stage import Stage
from tests.fault.workload import Feeder, words_of
from tests.waiting import eventually

TASKS_PER_RESTART = 400
HEALTHY_SECONDS = 5.0
AWAY_SECONDS = 1.0
GOOD = {"200", "201", "503 later"}
ALLOWED = (
    r"psycopg|OperationalError|InterfaceError|AdminShutdown|CrashShutdown",
    r"connection (to server|is lost|failed|already closed)|terminating connection",
)


class Reader(threading.Thread):
    """Reads the list of jobs all the time, and counts what it is answered."""

    def __init__(self, console: Arena) -> None:
        super().__init__(daemon=True)
        self._client = httpx.Client(
            base_url=console.client.base_url, headers=console.client.headers, timeout=30
        )
        self._done = threading.Event()
        self.answers: Counter[str] = Counter()
        self.slowest = 0.0

    def run(self) -> None:
        while not self._done.wait(0.05):
            began = time.monotonic()
            try:
                self.answers[words_of(self._client.get("/jobs"))] += 1
            except httpx.TransportError as error:
                self.answers[type(error).__name__] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)

    def stop(self) -> None:
        self._done.set()
        self.join(60)
        self._client.close()


def run(stage: Stage) -> None:
    """`n` tasks; an immediate restart for every 400 of them."""
    with stage.arena(lease=30) as console:
        reader = Reader(console)
        reader.start()
        feeder = Feeder(console.client, stage.dice, seconds=0.05)
        healthy: list[float] = []
        restarts = max(1, stage.n // TASKS_PER_RESTART)
        for number in range(restarts):
            while feeder.tasks < stage.n * (number + 1) // restarts:
                feeder.feed()
            healthy.append(_crash(stage, console))
        console.settled()
        reader.stop()
        answers = feeder.answers + reader.answers
        stage.figures |= {
            "tasks": feeder.tasks,
            "restarts": restarts,
            "healthy_max_s": max(healthy),
            "slowest_answer_s": round(max(reader.slowest, feeder.slowest), 2),
            "repeats": repeats(console.lines()) - feeder.told_to_fail,
            "answers": dict(answers),
        }
        stage.check(console, feeder.jobs, *ALLOWED)
        wrong = {word: count for word, count in answers.items() if word not in GOOD}
        stage.expect(not wrong, f"answers {wrong}")
        stage.expect(max(healthy) <= HEALTHY_SECONDS, f"healthy after {max(healthy)} s")


def _crash(stage: Stage, console: Arena) -> float:
    """Seconds from the moment that PostgreSQL answers again until the API does."""
    stage.site.postgres.kill()
    time.sleep(stage.dice.uniform(0, AWAY_SECONDS))
    stage.site.postgres.start()
    began = time.monotonic()
    eventually(lambda: console.client.get("/jobs").status_code == 200, seconds=60, every=0.05)
    return round(time.monotonic() - began, 2)
