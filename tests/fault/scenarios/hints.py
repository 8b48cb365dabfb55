"""Bells that come ten times, or never."""

from __future__ import annotations

import time

from tests.fault.arena import Arena, percentile
from tests.fault.stage import Stage
from tests.fault.workload import Feeder

POLL_SECONDS = 5.0
SLACK_SECONDS = 2.0


def run(stage: Stage) -> None:
    """`n` tasks with ten bells each: each runs once. Without any: each runs, within the poll."""
    off = stage.off
    for words in ("bells10", "bells"):
        stage.off = ",".join(filter(None, [off, words]))
        with stage.arena(lease=30) as console:
            _run(stage, console, words)
    stage.off = off


def _run(stage: Stage, console: Arena, words: str) -> None:
    feeder = Feeder(console.client, stage.dice, seconds=0.01, size=5)
    while feeder.tasks < stage.n:
        feeder.feed(stage.n)
    console.settled()
    waits = [_wait(console, feeder) for _ in range(4)]
    stage.figures |= {
        f"{words}_runs": len(console.lines()),
        f"{words}_wait_max_s": percentile(waits, 1),
    }
    stage.check(console, feeder.jobs)
    limit = POLL_SECONDS + SLACK_SECONDS
    stage.expect(max(waits) <= limit, f"{words}: a task waited {max(waits):.1f} s")


def _wait(console: Arena, feeder: Feeder) -> float:
    """Seconds from a submit with nothing else to do until the effect; 60 where there is none."""
    began = time.monotonic()
    seen = len(console.lines())
    feeder.submit([{"key": "one", "engine_id": "fault.wide"}])
    while time.monotonic() - began < 2 * POLL_SECONDS:
        if len(console.lines()) > seen:
            return time.monotonic() - began
        time.sleep(0.02)
    return 60.0
