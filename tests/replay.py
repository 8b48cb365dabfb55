"""What a job's event log says, played from the start: pure."""

from __future__ import annotations

from typing import Any

REPLAYED = (
    "status",
    "attempt",
    "failures",
    "worker",
    "ready_at",
    "started_at",
    "completed_at",
    "retry_at",
    "error",
    "error_code",
    "reason",
)
TOLD_ONCE = ("key", "stage", "engine_id", "required", "max_retries", "dependencies", "map_index")
"""What the log says of an instance of a map, when it comes to be."""

Tasks = dict[str, dict[str, Any]]


def replay(
    events: list[dict[str, Any]], dependencies: dict[str, list[str]]
) -> tuple[dict[str, Any], Tasks]:
    """The job and its tasks (by id) as the events tell it; submitted tasks begin as pending.

    `dependencies` are those of the submitted tasks: instances of maps are in the log.
    """
    job: dict[str, Any] = {}
    blank = dict.fromkeys(REPLAYED)
    start = blank | {"status": "pending", "attempt": 0, "failures": 0, "mapped_from": None}
    tasks = {task_id: dict(start) for task_id in dependencies}
    for event in events:
        job |= event["changes"]["job"]
        for change in event["changes"]["tasks"]:
            if "mapped_from" in change:
                tasks[change["id"]] = dict(start)
            tasks[change["id"]] |= {k: v for k, v in change.items() if k != "id"}
        for part in event["changes"].get("sets", ()):
            _apply(part, tasks, dependencies)
    return job, tasks


def _apply(part: dict[str, Any], tasks: Tasks, dependencies: dict[str, list[str]]) -> None:
    for task_id in _chosen(part["where"], tasks, dependencies):
        if part.get("removed"):
            del tasks[task_id]
        else:
            tasks[task_id] |= part["changes"]


def _chosen(where: dict[str, Any], tasks: Tasks, dependencies: dict[str, list[str]]) -> list[str]:
    if "ids" in where:
        return list(where["ids"])
    if "dependencies" in where:
        return [task_id for task_id, needed in dependencies.items() if not needed]
    name = "mapped_from" if "mapped_from" in where else "status"
    return [task_id for task_id, task in tasks.items() if task[name] in where[name]]


def differences(
    events: list[dict[str, Any]], job: dict[str, Any], tasks: list[dict[str, Any]]
) -> list[str]:
    """Where the log and the stored state disagree, and where `seq` is not dense."""
    wrong = []
    numbers = [event["seq"] for event in events]
    if numbers != list(range(1, job["seq"] + 1)):
        wrong.append(f"seq {numbers} up to {job['seq']}")
    submitted = [task for task in tasks if task["mapped_from"] is None]
    told_job, told = replay(events, {task["id"]: task["dependencies"] for task in submitted})
    wrong += [
        f"job {name}: log {told_job.get(name)!r}, stored {job[name]!r}"
        for name in ("status", "progress", "started_at", "completed_at", "error")
        if told_job.get(name) != job[name]
    ]
    if told.keys() != (stored := {task["id"] for task in tasks}):
        return [*wrong, f"tasks in one only: {sorted(told.keys() ^ stored)}"]
    wrong += [
        f"{task['key']} {name}: log {told[task['id']][name]!r}, stored {task[name]!r}"
        for task in tasks
        for name in (*REPLAYED, *(TOLD_ONCE if task["mapped_from"] else ()))
        if told[task["id"]][name] != task[name]
    ]
    return wrong
