"""Workers that are stopped for longer than their lease, and go on as if nothing had happened."""

from __future__ import annotations

import time

from tests.fault.arena import Arena, repeats, sweep_of
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

LEASE = 6
TASK_SECONDS = 0.6
AT_ONCE = 4
BACKLOG = 60
STALE = "SELECT count(*) FROM tasks_attempt WHERE outcome = 'stale'"
STALE_BY_WORKER = "SELECT coalesce(sum(stale_reports), 0) FROM workers_worker"
RUNNING = "SELECT count(*) FROM tasks_task WHERE status = 'running' AND id = %s AND attempt = %s"


def run(stage: Stage) -> None:
    """`n` freezes, a few workers at once; on one process, freezes of the whole console."""
    with stage.arena(lease=LEASE, workers=AT_ONCE + 1) as console:
        feeder = Feeder(console.client, stage.dice, seconds=TASK_SECONDS)
        frozen = 0
        while frozen < stage.n:
            while console.open_tasks < BACKLOG:
                feeder.feed()
            frozen += _freeze_some(stage, console, min(AT_ONCE, stage.n - frozen))
        console.settled()
        refused = console.store.number(STALE)
        stage.figures |= {
            "tasks": feeder.tasks,
            "freezes": frozen,
            "leases_hit": len(console.hits),
            "late_refused": refused,
            "late_counted": console.store.number(STALE_BY_WORKER),
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


def _freeze_some(stage: Stage, console: Arena, most: int) -> int:
    """Freeze until what they hold was given to others, then thaw; how many it were."""
    busy = eventually(console.busy, seconds=15, every=0.02)
    names = stage.dice.sample(busy, min(most, len(busy), max(1, len(console.workers) - 1)))
    held = [place for name in names for place in console.freeze(name)]
    if stage.db == "pg":
        limit = LEASE + sweep_of(LEASE) + 10
        eventually(lambda: _taken_back(console, held), seconds=limit, every=0.2)
    else:
        time.sleep(LEASE + 1)
    for name in names:
        console.thaw(name)
    return len(names)


def _taken_back(console: Arena, held: list[tuple[str, int]]) -> bool:
    return all(console.store.number(RUNNING, *place) == 0 for place in held)
