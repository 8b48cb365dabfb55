"""The console dies at each of its crash points."""

from __future__ import annotations

import time
from collections.abc import Callable

from apps.tenants.crash import POINTS
from tests.fault.arena import Arena, Hit
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

LEASE = 6
DEATH_SECONDS = 40.0
ALONE = ("sweep.middle", "bulk.middle", "hand_back.before")
"""What any worker may come to do: while these are tried there is only the one that dies."""


def run(stage: Stage) -> None:
    """Every point `n` times, each time at another pass."""
    with stage.arena(lease=LEASE, FAULT_OFF=f"{stage.off},grace") as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.1, size=6)
        missed = []
        for number in range(stage.n):
            for point in POINTS:
                nth = 1 if number == 0 or _once(point) else stage.dice.randint(1, 4)
                if not _die_at(console, feeder, point, nth):
                    missed.append(f"{point}:{nth}")
        console.settled()
        stage.figures |= {
            "points": len(POINTS),
            "deaths": stage.n * len(POINTS) - len(missed),
            "leases_hit": len(console.hits),
            "tasks": len(console.lines()),
        }
        stage.check(console, feeder.jobs)
        stage.expect(not missed, f"nobody died at {', '.join(missed)}")
        stored = console.store.number("SELECT count(*) FROM jobs_job")
        stage.expect(stored == len(feeder.jobs), f"{stored} jobs stored, {len(feeder.jobs)} known")


def _once(point: str) -> bool:
    """Moments that come once in the life of a process, or rarely."""
    return point.startswith(("register", "hand_back", "sweep", "bulk"))


def _die_at(console: Arena, feeder: Feeder, point: str, nth: int) -> bool:
    """Start a process that will die there, bring it there, start it anew; whether it died."""
    name = _victim(console, point)
    others = [other for other in console.workers if other != name]
    for other in others if point in ALONE else ():
        console.hit(other)
    if name in console.processes:
        console.hit(name)
    console.boot(name, FAULT_POINT=f"{point}:{nth}")
    process = console.processes[name]
    drive = DRIVES.get(point.partition(".")[0], _feed)
    deadline = time.monotonic() + DEATH_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        drive(console, feeder, name)
        time.sleep(0.05)
    died = process.poll() == -9
    now = time.monotonic()
    console.hits += [
        Hit(task, attempt, now) for task, attempt in console.store.in_hand(process.pid)
    ]
    if process.poll() is None:
        console.hit(name)
    console.revive()
    return died


def _victim(console: Arena, point: str) -> str:
    if len(console.workers) > 1 and point.startswith("submit"):
        return "web"
    return console.workers[0]


def _answers(console: Arena) -> bool:
    try:
        return console.answers()
    except AssertionError:
        return False


def _feed(console: Arena, feeder: Feeder, name: str) -> None:
    """More work, while there is somebody to give it to."""
    if console.open_tasks < 20 and _answers(console):
        feeder.feed()


def _submit(console: Arena, feeder: Feeder, name: str) -> None:
    """One submission, during which the process dies; it is sent again to its successor."""
    if not _answers(console):
        return
    feeder.while_away = console.revive
    feeder.feed()


def _hand_back(console: Arena, feeder: Feeder, name: str) -> None:
    """Something long in hand, then SIGTERM."""
    if not _answers(console):
        return
    feeder.submit([{"key": "long", "engine_id": "fault.wide", "config": {"seconds": 5}}])
    eventually(lambda: console.holds(name), seconds=20)
    console.processes[name].terminate()
    console.processes[name].wait(30)


def _bulk(console: Arena, feeder: Feeder, name: str) -> None:
    """A cancel of some jobs that nobody works on, or that take long."""
    if not _answers(console):
        return
    long = [{"key": "long", "engine_id": "fault.wide", "config": {"seconds": 4}}]
    ids = [feeder.submit(long) for _ in range(4)]
    console.client.post("/jobs/bulk", json={"action": "cancel", "ids": ids})
    process = console.processes[name]
    deadline = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)


DRIVES: dict[str, Callable[[Arena, Feeder, str], None]] = {
    "submit": _submit,
    "hand_back": _hand_back,
    "bulk": _bulk,
}
