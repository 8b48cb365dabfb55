"""SIGTERM: what is short finishes, what is long is handed back, and no attempt is spent."""

from __future__ import annotations

import time

from tests.fault.arena import Arena, Hit
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

STOP_SECONDS = 20.0
LONG_SECONDS = 13.0
COUNTED = "SELECT count(*) FROM tasks_task WHERE failures > 0 OR losses > 0"


def run(stage: Stage) -> None:
    """`n` rounds: a worker with a short and a long task is asked to leave, another takes over."""
    with stage.arena(lease=60) as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.2)
        slowest = 0.0
        for _ in range(stage.n):
            slowest = max(slowest, _round(stage, console, feeder))
        console.settled()
        stage.figures |= {"rounds": stage.n, "slowest_stop_s": round(slowest, 1)}
        stage.check(console, feeder.jobs)
        stage.expect(console.store.number(COUNTED) == 0, "a handed back task was counted")


def _round(stage: Stage, console: Arena, feeder: Feeder) -> float:
    feeder.submit(
        [
            {"key": f"{word}{n}", "engine_id": "fault.wide", "config": {"seconds": seconds}}
            for word, seconds in (("short", 1.0), ("long", LONG_SECONDS))
            for n in range(4)
        ]
    )
    name = stage.dice.choice(eventually(console.busy, seconds=15))
    began = time.monotonic()
    process = console.processes[name]
    process.terminate()
    # What it holds once it has stopped claiming may run once more elsewhere: at-least-once.
    held = [*console.holds(name), *console.holds(name)]
    console.hits += [Hit(task, attempt, began) for task, attempt in set(held)]
    code = process.wait(2 * STOP_SECONDS)
    del console.processes[name]
    seconds = time.monotonic() - began
    stage.expect(seconds <= STOP_SECONDS, f"{name} left after {seconds:.1f} s")
    stage.expect(code == 0, f"{name} left with {code}")
    console.boot(name)
    eventually(console.answers, seconds=60)
    return seconds
