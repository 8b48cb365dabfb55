"""The network between the console and its servers: slow, silent, half silent, cut."""

from __future__ import annotations

import time
from contextlib import ExitStack

from tests.fault.arena import Arena, repeats
from tests.fault.proxy import Mode, Proxy
from tests.fault.scenarios.postgres import ALLOWED as DATABASE_WORDS
from tests.fault.scenarios.postgres import GOOD, HEALTHY_SECONDS, Reader
from tests.fault.scenarios.redis import ALLOWED as BROKER_WORDS
from tests.fault.scenarios.redis import _consuming_again
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

CUTS: tuple[Mode, ...] = ("latency", "blackhole", "half_open", "refuse")
SUBMIT_SECONDS = 3.0
AGAIN_SECONDS = 10.0


def run(stage: Stage) -> None:
    """Each kind of cut once for each server, `n` seconds long."""
    with ExitStack() as stack:
        broker = stack.enter_context(Proxy(stage.site.redis.port))
        database = stack.enter_context(Proxy(stage.site.postgres.port))

        def through(url: str) -> str:
            return (broker if url.startswith("redis") else database).through(url)

        console = stack.enter_context(stage.arena(lease=30, through=through))
        feeder = Feeder(console.client, stage.dice, seconds=0.05, size=10)
        feeder.feed()
        for mode in CUTS:
            _cut_broker(stage, console, broker, mode, feeder)
        for mode in CUTS:
            _cut_database(stage, console, database, mode, feeder)
        console.settled()
        stage.figures |= {
            "tasks": feeder.tasks,
            "repeats": repeats(console.lines()) - feeder.told_to_fail,
            "answers": dict(feeder.answers),
        }
        stage.check(console, feeder.jobs, *DATABASE_WORDS, *BROKER_WORDS)
        stage.expect(not feeder.bad, f"answers {feeder.bad}")


def _cut_broker(stage: Stage, console: Arena, proxy: Proxy, mode: Mode, feeder: Feeder) -> None:
    """Jobs are accepted as before, quickly; afterwards work starts again at once."""
    feeder.slowest = 0.0
    with _cut(proxy, mode):
        until = time.monotonic() + stage.n
        while time.monotonic() < until:
            feeder.feed()
            time.sleep(0.2)
    stage.figures[f"redis_{mode}_submit_s"] = round(feeder.slowest, 2)
    stage.expect(
        feeder.slowest <= SUBMIT_SECONDS,
        f"a submit took {feeder.slowest:.1f} s while redis was {mode}",
    )
    _work_again(stage, console, f"redis_{mode}", feeder)


def _cut_database(stage: Stage, console: Arena, proxy: Proxy, mode: Mode, feeder: Feeder) -> None:
    """Nothing is answered with an error but 503; who waits is answered once it heals."""
    reader = Reader(console)
    reader.start()
    with _cut(proxy, mode):
        time.sleep(stage.n)
    healed = time.monotonic()
    eventually(lambda: console.client.get("/jobs").status_code == 200, seconds=60, every=0.05)
    reader.stop()
    answered = round(time.monotonic() - healed, 2)
    stage.figures[f"postgres_{mode}_slowest_s"] = round(reader.slowest, 2)
    stage.figures[f"postgres_{mode}_healthy_s"] = answered
    wrong = {word: count for word, count in reader.answers.items() if word not in GOOD}
    stage.expect(not wrong, f"answers {wrong} with the database {mode}")
    stage.expect(answered <= HEALTHY_SECONDS, f"healthy {answered} s after it was {mode}")
    _work_again(stage, console, f"postgres_{mode}", feeder)


class _cut:
    """A cut, healed at the end; one that refuses also cuts what is open."""

    def __init__(self, proxy: Proxy, mode: Mode) -> None:
        self._proxy = proxy
        self._mode = mode

    def __enter__(self) -> None:
        self._proxy.mode = self._mode
        if self._mode == "refuse":
            self._proxy.reset()

    def __exit__(self, *_: object) -> None:
        self._proxy.mode = "pass"


def _work_again(stage: Stage, console: Arena, name: str, feeder: Feeder) -> None:
    seconds = _consuming_again(console, feeder)
    stage.figures[f"{name}_again_s"] = seconds
    stage.expect(seconds <= AGAIN_SECONDS, f"work began again {seconds} s after {name}")
