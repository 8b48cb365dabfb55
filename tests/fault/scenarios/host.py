"""Engine hosts that die, hang, do not listen, run out of memory or always die."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.fault.arena import Arena, Hit
from tests.fault.stage import Stage
from tests.fault.workload import Feeder
from tests.waiting import eventually

LOST_SECONDS = 5.0
GONE_SECONDS = 15.0
MEGABYTE = 1024 * 1024


def run(stage: Stage) -> None:
    """`n` rounds. The lease is so long that nothing here can be its doing."""
    with stage.arena(lease=60) as console:
        feeder = Feeder(console.client, stage.dice, seconds=0.1)
        for _ in range(stage.n):
            jobs = {name: feeder.submit(tasks) for name, tasks in TASKS.items()}
            pids = _killed_host(stage, console, jobs["killed"])
            _stubborn_host(stage, console, jobs["stubborn"])
            console.settled()
            _count_deaths(console, jobs)
            for name, check in AFTER.items():
                tasks = {task["key"]: task for task in _tasks(console, jobs[name])}
                check(stage, tasks)
            stage.expect(not any(_lives(pid) for pid in pids), "a killed host's group lives on")
        stage.check(console, feeder.jobs)


def _killed_host(stage: Stage, console: Arena, job_id: str) -> list[int]:
    """Kill the host of a running task: it runs again at once, not after the lease."""
    task = _tasks(console, job_id)[0]["id"]
    first = eventually(lambda: _lines(console, task), seconds=15)[0]
    os.kill(first.pid, signal.SIGKILL)
    began = time.monotonic()
    second = eventually(lambda: _lines(console, task)[1:], seconds=20)[0]
    stage.figures["lost_host_again_s"] = round(time.monotonic() - began, 2)
    stage.expect(second.at - began < LOST_SECONDS, f"again after {second.at - began:.1f} s")
    console.hits.append(Hit(task, first.attempt, time.monotonic()))
    return [first.pid]


def _count_deaths(console: Arena, jobs: dict[str, str]) -> None:
    """Tasks that killed their own hosts may run again as often."""
    for name, key, deaths in (("poison", "poison", 2), ("batch", "mate3", 1)):
        task = next(task for task in _tasks(console, jobs[name]) if task["key"] == key)
        console.hits += [Hit(task["id"], n, time.monotonic()) for n in range(deaths)]


def _stubborn_host(stage: Stage, console: Arena, job_id: str) -> None:
    """Cancel a task that ignores every signal it can: it is gone all the same."""
    task = _tasks(console, job_id)[0]["id"]
    line = eventually(lambda: _lines(console, task), seconds=15)[0]
    console.client.post(f"/jobs/{job_id}/cancel")
    began = time.monotonic()
    try:
        eventually(lambda: not _lives(line.pid), seconds=GONE_SECONDS + 5)
    except AssertionError:
        stage.broken.append("a host that ignores signals lives on")
    seconds = time.monotonic() - began
    stage.figures["stubborn_gone_s"] = round(seconds, 1)
    stage.expect(seconds <= GONE_SECONDS, f"a cancelled process was gone after {seconds:.1f} s")


def _task(key: str, engine: str = "fault.wide", **more: Any) -> dict[str, Any]:
    config = more.pop("config", {})
    return {"key": key, "engine_id": engine, "config": config, **more}


TASKS: dict[str, list[dict[str, Any]]] = {
    "killed": [_task("killed", config={"seconds": 2})],
    "stubborn": [_task("stubborn", "fault.stubborn")],
    "hung": [_task("hung", config={"seconds": 60}, timeout_seconds=1, max_retries=0)],
    "poison": [_task("poison", config={"die_times": 100}, max_retries=10)],
    "hog": [_task("hog", config={"hog_bytes": 512 * MEGABYTE}, max_retries=0)],
    "batch": [
        _task(f"mate{n}", "fault.batch", config={"die_times": int(n == 3)}) for n in range(12)
    ],
}

Tasks = dict[str, dict[str, Any]]


def _after_hung(stage: Stage, tasks: Tasks) -> None:
    task = tasks["hung"]
    stage.expect((task["status"], task["error_code"]) == ("failed", "timeout"), f"hung: {task}")


def _after_poison(stage: Stage, tasks: Tasks) -> None:
    task = tasks["poison"]
    seen = (task["status"], task["error_code"], task["attempt"], task["failures"])
    stage.expect(seen == ("failed", "poison", 3, 0), f"poison: {seen}")


def _after_hog(stage: Stage, tasks: Tasks) -> None:
    task = tasks["hog"]
    stage.expect((task["status"], task["error_code"]) == ("failed", "oom"), f"hog: {task}")


def _after_batch(stage: Stage, tasks: Tasks) -> None:
    """The mates of one that died: all complete, and nobody but the dead one is counted down."""
    for key, task in tasks.items():
        stage.expect(task["status"] == "completed", f"{key} is {task['status']}")
        stage.expect(task["failures"] == 0, f"{key} was counted a failure")


AFTER: dict[str, Callable[[Stage, Tasks], None]] = {
    "hung": _after_hung,
    "poison": _after_poison,
    "hog": _after_hog,
    "batch": _after_batch,
}


def _tasks(console: Arena, job_id: str) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = console.client.get(f"/jobs/{job_id}/tasks").json()["tasks"]
    return tasks


def _lines(console: Arena, task_id: str) -> list[Any]:
    return [line for line in console.lines() if line.task_id == task_id]


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
