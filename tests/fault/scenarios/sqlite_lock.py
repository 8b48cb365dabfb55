"""Another process holds SQLite's write lock for some seconds."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing

from tests.fault.arena import Arena, repeats
from tests.fault.stage import Stage
from tests.fault.workload import Feeder

LEASE = 2
HELD_SECONDS = 5.0
READ_SECONDS = 2.0
TIMEOUT_SECONDS = 20.0


def run(stage: Stage) -> None:
    """`n` times: reads go on, a write waits and then works, nothing is lost or repeated."""
    with stage.arena(lease=LEASE) as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.1)
        reads: list[float] = []
        for _ in range(stage.n):
            feeder.feed()
            reads += _hold_lock(stage, console, feeder)
        console.settled()
        stage.figures |= {
            "locks": stage.n,
            "slowest_read_s": round(max(reads), 2),
            "slowest_write_s": round(feeder.slowest, 2),
            "repeats": repeats(console.lines()) - feeder.told_to_fail,
        }
        stage.check(console, feeder.jobs)
        repeated = repeats(console.lines()) - feeder.told_to_fail
        stage.expect(repeated == 0, f"{repeated} tasks were repeated")
        stage.expect(not feeder.bad, f"answers {feeder.bad}")
        stage.expect(max(reads) <= READ_SECONDS, f"a read took {max(reads):.1f} s")
        slow = feeder.slowest > HELD_SECONDS + TIMEOUT_SECONDS / 4
        stage.expect(not slow, f"a write took {feeder.slowest:.1f} s")


def _hold_lock(stage: Stage, console: Arena, feeder: Feeder) -> list[float]:
    """Hold the lock while one thread writes and this one reads; seconds that reads took."""
    path = console.data / "console.sqlite3"
    reads: list[float] = []
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + HELD_SECONDS
        writer = threading.Thread(target=feeder.feed)
        writer.start()
        while time.monotonic() < until:
            began = time.monotonic()
            answer = console.client.get("/jobs")
            reads.append(time.monotonic() - began)
            stage.expect(answer.status_code == 200, f"a read was answered {answer.status_code}")
            time.sleep(0.1)
        connection.execute("ROLLBACK")
    writer.join(60)
    return reads
