"""A worker dies: its engine hosts do not outlive it."""

from __future__ import annotations

import time

from tests.fault.arena import Arena, percentile
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

GONE_SECONDS = 3.0


def _began(console: Arena, number: int) -> None:
    eventually(lambda: len(console.lines()) >= number, seconds=20)


def run(stage: Stage) -> None:
    """`n` rounds: all hosts of the dead worker are gone, those that ignore signals as well."""
    with stage.arena(lease=2, workers=1) as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.2)
        gone: list[float] = []
        for number in range(stage.n):
            job_id = feeder.submit(
                [
                    {"key": "stubborn", "engine_id": "fault.stubborn"},
                    {"key": "long", "engine_id": "fault.wide", "config": {"seconds": 60}},
                ]
            )
            _began(console, 2 * (number + 1))
            hosts = [line.pid for line in console.lines()[-2:]]
            console.hit(console.workers[0])
            began = time.monotonic()
            try:
                eventually(lambda: not console.hosts(), seconds=20, every=0.01)
            except AssertionError:
                stage.broken.append(f"hosts {hosts} outlived their worker")
            gone.append(time.monotonic() - began)
            console.start()
            console.client.post(f"/jobs/{job_id}/cancel")
            console.settled()
        stage.figures |= {"rounds": stage.n, "gone_max_s": percentile(gone, 1)}
        stage.check(console, feeder.jobs)
        stage.expect(max(gone) <= GONE_SECONDS, f"hosts were gone after {max(gone):.1f} s")
