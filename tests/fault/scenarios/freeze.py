"""Workers that are stopped for longer than their lease, and go on as if nothing had happened."""

from __future__ import annotations

import time

from tests.fault.arena import Arena, percentile, repeats, sweep_of
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

LEASE = 6
TASK_SECONDS = 1.5
AT_ONCE = 4
BACKLOG = 40
HELD_UP_SECONDS = LEASE / 3
"""How long PostgreSQL lets a transaction be held by a process that is frozen in it."""
JUMPS = 3
"""Gaps in time that a loaded machine may have, each a pardon of one lease for everybody."""
STALE = "SELECT coalesce(sum(stale_reports), 0) FROM workers_worker"
AGAIN = "SELECT count(*) FROM tasks_task WHERE status = 'running' AND id = %s AND attempt > %s"
WAITS = "SELECT count(*) FROM tasks_task WHERE status IN ('pending', 'ready') AND id = %s"
RUNNING = "SELECT count(*) FROM tasks_task WHERE status = 'running' AND id = %s AND attempt = %s"


def run(stage: Stage) -> None:
    """`n` freezes, a few workers at once; on one process, freezes of the whole console."""
    with stage.arena(lease=LEASE, workers=AT_ONCE + 1) as console:
        feeder = Feeder(console.client, stage.dice, seconds=TASK_SECONDS)
        frozen = 0
        taken: list[float] = []
        while frozen < stage.n:
            while console.open_tasks < BACKLOG:
                feeder.feed()
            number, seconds = _freeze_some(stage, console, min(AT_ONCE, stage.n - frozen))
            frozen += number
            taken.append(seconds)
        console.settled()
        refused = console.store.number(STALE)
        stage.figures |= {
            "tasks": feeder.tasks,
            "freezes": frozen,
            "leases_hit": len(console.hits),
            "taken_back_p50_s": percentile(taken, 0.5),
            "taken_back_max_s": round(max(taken), 1),
            "late_refused": refused,
            "repeats": repeats(console.lines()) - feeder.told_to_fail,
        }
        stage.check(console, feeder.jobs)
        if stage.db == "pg":
            stage.expect(refused > 0, "no late result was refused")
        else:
            stage.expect(
                repeats(console.lines()) == feeder.told_to_fail,
                "a console frozen whole repeated work",
            )


def _freeze_some(stage: Stage, console: Arena, most: int) -> tuple[int, float]:
    """Freeze until what they hold was taken back and runs elsewhere, then thaw; how many it were,
    and how long it took to be taken back.

    Those frozen in a transaction hold up the sweep, one after the other if they wait in line.
    """
    busy = eventually(console.busy, seconds=15, every=0.02)
    names = stage.dice.sample(busy, min(most, len(busy), max(1, len(console.workers) - 1)))
    held = [place for name in names for place in console.freeze(name)]
    began = time.monotonic()
    if stage.db == "pg":
        limit = (1 + JUMPS) * (LEASE + sweep_of(LEASE)) + len(names) * HELD_UP_SECONDS
        eventually(lambda: _taken_back(console, names, held), seconds=limit, every=0.2)
        seconds = time.monotonic() - began
        eventually(lambda: _runs_again(console, held), seconds=limit, every=0.1)
    else:
        time.sleep(LEASE + 1)
        seconds = time.monotonic() - began
    for name in names:
        console.thaw(name)
    return len(names), seconds


def _taken_back(console: Arena, names: list[str], held: list[tuple[str, int]]) -> bool:
    held += console.frozen_hold(names)
    return all(console.store.number(RUNNING, *place) == 0 for place in held)


def _runs_again(console: Arena, held: list[tuple[str, int]]) -> bool:
    """Only then is a late report refused for its attempt alone, and not for the task's status.

    What a worker had reported as it froze has ended, and will not run again.
    """
    again = any(console.store.number(AGAIN, *place) for place in held)
    return again or not any(console.store.number(WAITS, task_id) for task_id, _ in held)
