"""Cancels that race with the claim, the end and the death of what they cancel."""

from __future__ import annotations

import time

from tests.fault.arena import Arena, percentile
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

LEASE = 6
ENDED_SECONDS = 30.0
"""Twice what is promised: a test run shares its cores with others."""
KILLS_PER_CANCEL = 0.1
RECEIPTS = (
    "SELECT count(*) FROM tasks_attempt WHERE cancel_requested_at IS NOT NULL AND ended_at IS NULL"
)


def run(stage: Stage) -> None:
    """`n` jobs, each cancelled at some moment of its short life; now and then a worker dies."""
    with stage.arena(lease=LEASE) as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.15, size=4)
        refused = 0
        cancelled_at: dict[str, float] = {}
        for _ in range(stage.n):
            job_id = feeder.feed()
            time.sleep(stage.dice.choice((0, 0, 0.02, 0.05, 0.1, 0.2, 0.4)))
            answer = console.client.post(f"/jobs/{job_id}/cancel")
            stage.expect(answer.status_code in (202, 409), f"cancel: {answer.status_code}")
            refused += answer.status_code == 409
            if answer.status_code == 202:
                cancelled_at[job_id] = time.monotonic()
            if stage.dice.random() < KILLS_PER_CANCEL:
                _kill(stage, console)
        seconds = _ends(console, cancelled_at)
        console.settled()
        stage.figures |= {
            "jobs": len(feeder.jobs),
            "too_late": refused,
            "leases_hit": len(console.hits),
            "ended_p50_s": percentile(seconds, 0.5),
            "ended_max_s": round(max(seconds, default=0), 2),
        }
        _judge(stage, console, feeder)
        late = max(seconds, default=0) > ENDED_SECONDS
        stage.expect(not late, f"a cancel took {max(seconds):.1f} s")


def _judge(stage: Stage, console: Arena, feeder: Feeder) -> None:
    stage.check(console, feeder.jobs)
    stage.expect(console.store.number(RECEIPTS) == 0, "an attempt told to stop never ended")
    for job_id in feeder.jobs:
        over: set[str] = set()
        for event in console.client.events(job_id):
            for change in event["changes"]["tasks"]:
                again = change["id"] in over and "status" in change
                stage.expect(not again, f"task {change['id']} moved after it was cancelled")
                if change.get("status") == "cancelled":
                    over.add(change["id"])


def _kill(stage: Stage, console: Arena) -> None:
    """A worker that holds something, and that is not the last one."""
    eventually(lambda: console.online() == len(console.workers), seconds=30)
    busy = console.busy()
    if busy:
        name = stage.dice.choice(busy)
        console.hit(name)
        console.boot(name)
        eventually(console.answers, seconds=30, every=0.02)


def _ends(console: Arena, cancelled_at: dict[str, float]) -> list[float]:
    """Seconds from each cancel to the end of its job, by the database's times."""
    deadline = time.monotonic() + 60
    left = set(cancelled_at)
    while left and time.monotonic() < deadline:
        left = {job for job in left if console.client.job(job)["status"] == "cancelling"}
        time.sleep(0.1)
    text = (
        "SELECT id, cancel_requested_at, completed_at FROM jobs_job "
        "WHERE cancel_requested_at IS NOT NULL AND completed_at IS NOT NULL"
    )
    return [_between(asked, ended) for _, asked, ended in console.store.rows(text)]


def _between(asked: object, ended: object) -> float:
    from datetime import datetime

    first, last = (
        value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        for value in (asked, ended)
    )
    return (last - first).total_seconds()
