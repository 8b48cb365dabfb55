"""Eight busy processes beside the console: nobody is declared dead for being slow."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.fault.arena import repeats
from tests.fault.stage import Stage
from tests.fault.workload import Feeder

LEASE = 30
SPINNERS = 8
SPIN = "while True: pass"
OFFLINE = "SELECT count(*) FROM workers_worker WHERE status = 'offline'"


def run(stage: Stage) -> None:
    """`n` seconds, more than a lease; work goes on and none is repeated."""
    with stage.arena(lease=LEASE) as console:
        spinners = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(SPINNERS)]
        try:
            feeder = Feeder(console.client, stage.dice, seconds=0.5)
            until = time.monotonic() + stage.n
            while time.monotonic() < until:
                if console.open_tasks < 25:
                    feeder.feed()
                time.sleep(0.5)
        finally:
            for spinner in spinners:
                spinner.kill()
                spinner.wait()
        console.settled()
        dead = console.store.number(OFFLINE)
        stage.figures |= {
            "busy_processes": SPINNERS,
            "tasks": feeder.tasks,
            "false_deaths": dead,
            "repeats": repeats(console.lines()) - feeder.told_to_fail,
            "slowest_submit_s": round(feeder.slowest, 2),
        }
        stage.check(console, feeder.jobs)
        stage.expect(dead == 0, f"{dead} workers were declared dead")
        stage.expect(not feeder.bad, f"answers {feeder.bad}")
