"""`kill -9` of workers that hold leases."""

from __future__ import annotations

import time

from tests.fault.arena import Arena, percentile, recoveries, repeats, sweep_of
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

LEASE = 6
SLACK = 1
LIMIT = LEASE + sweep_of(LEASE) + SLACK
TASKS_PER_KILL = 40
BACKLOG = 60
HOLD_SECONDS = 30
JUMPS = "SELECT count(*) FROM workers_tick WHERE name = 'jumped'"


def run(stage: Stage) -> None:
    """`n` tasks; as many kills that hit a lease as `n / 40`."""
    wanted = max(2, stage.n // TASKS_PER_KILL)
    with stage.arena(lease=LEASE, workers=3) as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.1)
        kills = 0
        while console.kills_that_hit < wanted and kills < 5 * wanted:
            _kill_one(stage, console, feeder)
            kills += 1
        stage.expect(console.kills_that_hit >= wanted, "too few kills hit a lease")
        while feeder.tasks < stage.n:
            feeder.feed(stage.n)
        console.settled()
        _judge(stage, console, feeder, kills)


def _kill_one(stage: Stage, console: Arena, feeder: Feeder) -> None:
    """Some worker, at some moment while it holds a lease; its successor starts at once.

    Never the last one that is there: what is measured is how the others take over.
    """
    others = len(console.workers) - 1
    eventually(lambda: console.online() >= others, seconds=HOLD_SECONDS, every=0.05)
    name = stage.dice.choice(
        eventually(lambda: _busy(stage, console, feeder), seconds=HOLD_SECONDS, every=0.02)
    )
    time.sleep(stage.dice.uniform(0, 0.1))
    console.hit(name)
    console.boot(name)
    if stage.db == "sqlite":
        eventually(console.answers, seconds=30, every=0.02)


def _busy(stage: Stage, console: Arena, feeder: Feeder) -> list[str]:
    """Who holds something; there is always enough to hold."""
    left = console.open_tasks
    if 0 <= left < BACKLOG and (feeder.tasks < stage.n or left == 0):
        feeder.feed(max(stage.n, feeder.tasks + 25))
    return console.busy()


def _judge(stage: Stage, console: Arena, feeder: Feeder, kills: int) -> None:
    lines = console.lines()
    seconds = recoveries(console.hits, lines)
    stage.figures |= {
        "tasks": feeder.tasks,
        "kills": kills,
        "kills_that_hit": console.kills_that_hit,
        "leases_hit": len(console.hits),
        "repeats": repeats(lines) - feeder.told_to_fail,
        "time_jumps": console.store.number(JUMPS),
        "recovery_p50_s": percentile(seconds, 0.5),
        "recovery_p99_s": percentile(seconds, 0.99),
        "recovery_limit_s": round(LIMIT, 1),
    }
    stage.check(console, feeder.jobs)
    stage.expect(not feeder.bad, f"answers {feeder.bad}")
    # The promise is for a machine that has room; asserted is three times its slack.
    late = percentile(seconds, 0.99) > LIMIT + 2 * SLACK
    stage.expect(not late, f"recovery p99 is {percentile(seconds, 0.99)} s")
