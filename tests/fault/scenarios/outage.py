"""PostgreSQL is away for longer than a lease while tasks run."""

from __future__ import annotations

import time

from tests.fault.arena import repeats
from tests.fault.scenarios.postgres import ALLOWED
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

LEASE = 6
AWAY_SECONDS = 10.0
LOST = "SELECT count(*) FROM tasks_attempt WHERE outcome IN ('lost', 'stale')"
COUNTED = "SELECT count(*) FROM tasks_task WHERE losses > 0"
OFFLINE = "SELECT count(*) FROM workers_worker WHERE status = 'offline'"


def run(stage: Stage) -> None:
    """`n` outages: what ended meanwhile is told afterwards, nobody is declared dead for it."""
    with stage.arena(lease=LEASE) as console:
        feeder = Feeder(console.client, stage.dice, seconds=1.0, size=15)
        for _ in range(stage.n):
            feeder.feed()
            eventually(console.busy, seconds=15)
            stage.site.postgres.kill()
            time.sleep(AWAY_SECONDS)
            stage.site.postgres.start()
            console.settled()
        lost = console.store.number(LOST)
        stage.figures |= {
            "outages": stage.n,
            "away_s": AWAY_SECONDS,
            "lease_s": LEASE,
            "repeats": repeats(console.lines()) - feeder.told_to_fail,
            "lost_attempts": lost,
            "declared_dead": console.store.number(OFFLINE),
        }
        stage.check(console, feeder.jobs, *ALLOWED)
        stage.expect(lost == 0, f"{lost} attempts were given up")
        stage.expect(console.store.number(COUNTED) == 0, "the outage counts towards poison")
