"""What must hold after every fault. Each check returns the ways in which it does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.fault.arena import Arena, Line
from tests.fault.sqls import ONE_TENANT, SILENT
from tests.replay import differences

TERMINAL_TASK = {"completed", "failed", "skipped", "cancelled"}
TERMINAL_JOB = {"completed", "failed", "cancelled"}
MOST_SHOWN = 5


@dataclass
class Evidence:
    """What is looked at: the console, the jobs that it accepted, and what its logs may say."""

    arena: Arena
    jobs: list[str]
    allowed: Collection[str] = ()

    @cached_property
    def stored(self) -> dict[str, dict[str, Any]]:
        return {job_id: self.arena.client.job(job_id) for job_id in self.jobs}

    @cached_property
    def tasks(self) -> dict[str, list[dict[str, Any]]]:
        return {
            job_id: self.arena.client.get(f"/jobs/{job_id}/tasks").json()["tasks"]
            for job_id in self.jobs
        }

    @cached_property
    def events(self) -> dict[str, list[dict[str, Any]]]:
        return {job_id: self.arena.client.events(job_id) for job_id in self.jobs}

    @cached_property
    def lines(self) -> list[Line]:
        return self.arena.lines()

    @cached_property
    def outcomes(self) -> dict[str, Counter[str]]:
        """How often each task's attempts ended in which way."""
        found: dict[str, Counter[str]] = {}
        text = "SELECT task_id, outcome FROM tasks_attempt WHERE outcome IS NOT NULL"
        for task_id, outcome in self.arena.store.rows(text):
            found.setdefault(task_id, Counter())[outcome] += 1
        return found

    @property
    def all_tasks(self) -> list[dict[str, Any]]:
        return [task for tasks in self.tasks.values() for task in tasks]


def every_task_ends(seen: Evidence) -> list[str]:
    """I1."""
    return [
        f"task {task['id']} of job {job_id} is {task['status']}"
        for job_id, tasks in seen.tasks.items()
        for task in tasks
        if task["status"] not in TERMINAL_TASK
    ] + [
        f"job {job_id} is {job['status']}"
        for job_id, job in seen.stored.items()
        if job["status"] not in TERMINAL_JOB
    ]


def one_completion(seen: Evidence) -> list[str]:
    """I2: told once in the log, held by one attempt, and by the last one."""
    told = Counter(
        change["id"]
        for events in seen.events.values()
        for event in events
        for change in event["changes"]["tasks"]
        if change.get("status") == "completed"
    )
    wrong = []
    for task in seen.all_tasks:
        should = int(task["status"] == "completed")
        held = seen.outcomes.get(task["id"], Counter())["completed"]
        if (told[task["id"]], held) != (should, should):
            wrong.append(
                f"task {task['id']} is {task['status']}: {told[task['id']]} completions told, "
                f"{held} attempts completed"
            )
    text = (
        "SELECT t.id, a.number, t.attempt FROM tasks_attempt a JOIN tasks_task t "
        "ON t.id = a.task_id WHERE a.outcome = 'completed' AND a.number <> t.attempt"
    )
    return wrong + [
        f"task {task_id}: attempt {number} was accepted, {last} is the last"
        for task_id, number, last in seen.arena.store.rows(text)
    ]


def few_repeats(seen: Evidence) -> list[str]:
    """I3: a run more for each lease that was hit, and for each failure of its own."""
    hits = Counter(hit.task_id for hit in seen.arena.hits)
    runs = Counter(line.task_id for line in seen.lines)
    wrong = []
    for task_id, number in runs.items():
        outcomes = seen.outcomes.get(task_id, Counter())
        allowed = 1 + hits[task_id] + outcomes["failed"] + outcomes["timed_out"]
        if number > allowed:
            wrong.append(
                f"task {task_id} ran {number} times, {allowed} allowed: "
                f"{_runs(seen, task_id)}, ended {dict(outcomes)}"
            )
    return wrong


def _runs(seen: Evidence, task_id: str) -> str:
    runs = [f"{line.attempt} at {line.at:.2f}" for line in seen.lines if line.task_id == task_id]
    hits = [f"{hit.attempt} at {hit.at:.2f}" for hit in seen.arena.hits if hit.task_id == task_id]
    return f"ran {', '.join(runs)}; hit {', '.join(hits) or 'never'}"


def dependencies_first(seen: Evidence) -> list[str]:
    """I4: by the effect log alone, whatever the database says of times."""
    first: dict[str, int] = {}
    places: dict[tuple[str, int], int] = {}
    for place, line in enumerate(seen.lines):
        first.setdefault(line.task_id, place)
        places[line.task_id, line.attempt] = place
    by_id = {task["id"]: task for task in seen.all_tasks}
    return [
        f"task {task['id']} ran before {needed} had"
        for task in by_id.values()
        if task["id"] in first
        for needed in task["dependencies"]
        if by_id[needed]["status"] == "completed"
        and places.get((needed, by_id[needed]["attempt"]), -1) > first[task["id"]]
    ]


def job_follows_from_tasks(seen: Evidence) -> list[str]:
    """I5."""
    return [
        f"job {job_id} is {job['status']}, its tasks say {said}"
        for job_id, job in seen.stored.items()
        if job["status"] in TERMINAL_JOB and job["status"] != (said := _said(seen.tasks[job_id]))
    ]


def _said(tasks: list[dict[str, Any]]) -> str:
    if any(task["required"] and task["status"] == "failed" for task in tasks):
        return "failed"
    return "cancelled" if any(task["status"] == "cancelled" for task in tasks) else "completed"


def events_tell_all(seen: Evidence) -> list[str]:
    """I6."""
    return [
        f"job {job_id}: {difference}"
        for job_id, job in seen.stored.items()
        for difference in differences(seen.events[job_id], job, seen.tasks[job_id])
    ]


def nobody_silent_holds(seen: Evidence) -> list[str]:
    """I7."""
    vendor = "pg" if hasattr(seen.arena, "redis_url") else "sqlite"
    held = seen.arena.store.number(SILENT[vendor].format(seconds=seen.arena.sweep + 1))
    return [f"{held} tasks are held by silent workers"] if held else []


def tenants_apart(seen: Evidence) -> list[str]:
    """I9."""
    counts = {name: seen.arena.store.number(text) for name, text in ONE_TENANT.items()}
    return [f"{number} rows of {name} cross tenants" for name, number in counts.items() if number]


def quiet_logs(seen: Evidence) -> list[str]:
    """I10."""
    wrong = []
    for name, text in seen.arena.logs().items():
        for line in text.splitlines():
            loud = '"exception"' in line or "Traceback" in line
            if loud and not any(re.search(pattern, line) for pattern in seen.allowed):
                wrong.append(f"{name}: {_brief(line)}")
    return wrong


def _brief(line: str) -> str:
    kind = re.findall(r'"exc_type":"(\w+)","exc_value":"(.{0,150})', line)
    event = re.search(r'"event":"(.{0,80})', line)
    return f"{event[1] if event else line[:200]} {kind[-1:] or ''}"


CHECKS: dict[str, Callable[[Evidence], list[str]]] = {
    "I1": every_task_ends,
    "I2": one_completion,
    "I3": few_repeats,
    "I4": dependencies_first,
    "I5": job_follows_from_tasks,
    "I6": events_tell_all,
    "I7": nobody_silent_holds,
    "I9": tenants_apart,
    "I10": quiet_logs,
}


def broken(seen: Evidence) -> list[str]:
    """What does not hold, by invariant, a few of each."""
    found = []
    for name, check in CHECKS.items():
        wrong = check(seen)
        found += [f"{name}: {text}" for text in wrong[:MOST_SHOWN]]
        if len(wrong) > MOST_SHOWN:
            found.append(f"{name}: {len(wrong)} in all")
    return found
