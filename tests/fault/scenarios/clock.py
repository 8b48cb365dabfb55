"""Workers whose clocks are five minutes off, one ahead and one behind."""

from __future__ import annotations

from pathlib import Path

from tests.fault.arena import repeats
from tests.fault.stage import Stage
from tests.fault.workload import Feeder

LIBRARIES = [
    *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"),
    *Path("/usr/lib/faketime").glob("libfaketimeMT.so.1"),
]
NEGATIVE = (
    "SELECT count(*) FROM tasks_task WHERE completed_at < started_at OR started_at < ready_at"
)
NEGATIVE_ATTEMPTS = "SELECT count(*) FROM tasks_attempt WHERE ended_at < started_at"
FAR = (
    "SELECT count(*) FROM tasks_task WHERE started_at > clock_timestamp() + interval '1 minute' "
    "OR completed_at < clock_timestamp() - interval '4 minutes'"
)
EXPIRED = "SELECT count(*) FROM workers_worker WHERE status = 'offline'"


def run(stage: Stage) -> None:
    """`n` tasks on two workers, +300 s and -300 s, with a short lease."""
    if not LIBRARIES:
        stage.figures["skipped"] = "libfaketime is not installed (apt-get install faketime)"
        return
    with stage.arena(lease=3) as console:
        for name, shift in zip(console.workers, ("+300s", "-300s"), strict=True):
            console.stop(name)
            console.boot(
                name,
                LD_PRELOAD=str(LIBRARIES[0]),
                FAKETIME=shift,
                FAKETIME_DONT_FAKE_MONOTONIC="1",
            )
        offline = console.store.number(EXPIRED)
        console.start()
        feeder = Feeder(console.client, stage.dice, seconds=0.1)
        while feeder.tasks < stage.n:
            feeder.feed(stage.n)
        console.settled()
        false_deaths = console.store.number(EXPIRED) - offline
        stage.figures |= {
            "tasks": feeder.tasks,
            "repeats": repeats(console.lines()) - feeder.told_to_fail,
            "false_deaths": false_deaths,
        }
        stage.check(console, feeder.jobs)
        stage.expect(false_deaths == 0, f"{false_deaths} workers were declared dead")
        for text in (NEGATIVE, NEGATIVE_ATTEMPTS, FAR):
            number = console.store.number(text)
            stage.expect(number == 0, f"{number} times are wrong: {text}")
