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


def replay(
    events: list[dict[str, Any]], dependencies: dict[str, list[str]]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The job and its tasks (by id) as the events tell it; all tasks begin as pending."""
    job: dict[str, Any] = {}
    blank = dict.fromkeys(REPLAYED)
    start = blank | {"status": "pending", "attempt": 0, "failures": 0}
    tasks = {task_id: dict(start) for task_id in dependencies}
    for event in events:
        job |= event["changes"]["job"]
        for change in event["changes"]["tasks"]:
            tasks[change["id"]] |= {k: v for k, v in change.items() if k != "id"}
        for part in event["changes"].get("sets", ()):
            for task_id in _chosen(part["where"], tasks, dependencies):
                tasks[task_id] |= part["changes"]
    return job, tasks


def _chosen(
    where: dict[str, Any], tasks: dict[str, dict[str, Any]], dependencies: dict[str, list[str]]
) -> list[str]:
    if "ids" in where:
        return list(where["ids"])
    if "dependencies" in where:
        return [task_id for task_id, needed in dependencies.items() if not needed]
    return [task_id for task_id, task in tasks.items() if task["status"] in where["status"]]


def differences(
    events: list[dict[str, Any]], job: dict[str, Any], tasks: list[dict[str, Any]]
) -> list[str]:
    """Where the log and the stored state disagree, and where `seq` is not dense."""
    wrong = []
    numbers = [event["seq"] for event in events]
    if numbers != list(range(1, job["seq"] + 1)):
        wrong.append(f"seq {numbers} up to {job['seq']}")
    told_job, told = replay(events, {task["id"]: task["dependencies"] for task in tasks})
    wrong += [
        f"job {name}: log {told_job.get(name)!r}, stored {job[name]!r}"
        for name in ("status", "progress", "started_at", "completed_at", "error")
        if told_job.get(name) != job[name]
    ]
    wrong += [
        f"{task['key']} {name}: log {told[task['id']][name]!r}, stored {task[name]!r}"
        for task in tasks
        for name in REPLAYED
        if told[task["id"]][name] != task[name]
    ]
    return wrong
