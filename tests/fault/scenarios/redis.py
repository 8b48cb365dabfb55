"""Redis is flushed and restarted while jobs are submitted."""

from __future__ import annotations

import time
from typing import cast

import redis

from tests.fault.arena import Arena, Pool, percentile
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

TASKS_PER_FAULT = 50
AGAIN_SECONDS = 10.0
BELL_SECONDS = 1.0
ALLOWED = (
    r"redis\.exceptions|ConnectionError|Connection refused|consumer: Connection to broker lost",
    r"celery\.(beat|worker)|kombu|channels_redis",
)


def run(stage: Stage) -> None:
    """`n` tasks; a flush and a restart for every hundred of them."""
    with stage.arena(lease=30) as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.03)
        probe = Feeder(console.client, stage.dice, seconds=0.0)
        again: list[float] = []
        faults = max(2, stage.n // TASKS_PER_FAULT)
        for number in range(faults):
            while feeder.tasks < stage.n * (number + 1) // faults:
                feeder.feed()
            _hurt(stage, cast("Pool", console), restart=bool(number % 2))
            again.append(_consuming_again(console, probe))
        heard = _bell_heard(console, probe)
        console.settled()
        stage.figures |= {
            "tasks": feeder.tasks,
            "flushes": (faults + 1) // 2,
            "restarts": faults // 2,
            "consuming_again_p50_s": percentile(again, 0.5),
            "consuming_again_max_s": max(again),
            "bells_again_s": heard,
            "slowest_submit_s": round(max(feeder.slowest, probe.slowest), 2),
            "answers": dict(feeder.answers + probe.answers),
        }
        stage.check(console, feeder.jobs + probe.jobs, *ALLOWED)
        wrong = {word: n for word, n in (feeder.answers + probe.answers).items() if word != "201"}
        stage.expect(not wrong, f"answers {wrong}")
        stage.expect(max(again) <= AGAIN_SECONDS, f"consuming again after {max(again)} s")
        stage.expect(heard <= AGAIN_SECONDS, f"bells were heard again after {heard} s")


def _hurt(stage: Stage, console: Pool, *, restart: bool) -> None:
    server = stage.site.redis
    if restart:
        server.restart()
    else:
        with redis.Redis.from_url(server.url) as client:
            client.flushall()


def _consuming_again(console: Arena, probe: Feeder) -> float:
    """Seconds until a task that is submitted now has run."""
    began = time.monotonic()
    job_id = probe.submit([{"key": "probe", "engine_id": "fault.wide", "priority": 100}])
    eventually(lambda: console.client.job(job_id)["status"] == "completed", seconds=30, every=0.05)
    return round(time.monotonic() - began, 2)


def _bell_heard(console: Arena, probe: Feeder) -> float:
    """Seconds until a task no longer waits for a worker's own clock."""
    began = time.monotonic()
    while time.monotonic() - began < 3 * AGAIN_SECONDS:
        quick = [_consuming_again(console, probe) < BELL_SECONDS for _ in range(3)]
        if all(quick):
            break
    return round(time.monotonic() - began, 2)
