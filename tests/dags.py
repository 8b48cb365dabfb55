"""Random DAGs and a pure model of how they must end."""

from __future__ import annotations

import random
from typing import Any

ENGINES = ("test.a", "test.b")


def random_dag(seed: int, most: int = 12) -> list[dict[str, Any]]:
    """A submission of 1 to `most` tasks, some of which fail: for a while, or for good.

    Some are mapped over the list of an earlier one.
    """
    dice = random.Random(seed)
    tasks: list[dict[str, Any]] = []
    for number in range(dice.randint(1, most)):
        earlier = [task["key"] for task in tasks]
        items = list(range(dice.randint(0, 3)))
        config: dict[str, Any] = {"output": {"n": number, "items": items}}
        if dice.random() < 0.15:
            config["fail_times"] = dice.randint(1, 3)
        elif dice.random() < 0.08:
            config["final"] = True
        tasks.append(
            {
                "key": f"t{number}",
                "engine_id": dice.choice(ENGINES),
                "depends_on": dice.sample(earlier, min(len(earlier), dice.randint(0, 3))),
                "required": dice.random() < 0.6,
                "config": config,
                "max_retries": dice.randint(0, 2),
            }
        )
        if earlier and dice.random() < 0.15:
            over = dice.choice(tasks[:-1])
            path = "" if "map" in over else "items"
            tasks[-1]["map"] = {"over": over["key"], "path": path}
    return tasks


def succeeds(task: dict[str, Any]) -> bool:
    """Whether it completes when it is run to its end."""
    config = task["config"]
    return not config.get("final") and config.get("fail_times", 0) <= task["max_retries"]


def runs(task: dict[str, Any]) -> int:
    """How often it is executed when it is run to its end."""
    if "template" in task:
        return 0
    config = task["config"]
    if config.get("final"):
        return 1
    return int(min(config.get("fail_times", 0), task["max_retries"])) + 1


def expanded(submitted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the instances of each map whose list will be there, and maps as tasks after them.

    A map fails when an optional task gave it no list.
    """
    model: list[dict[str, Any]] = []
    lists: dict[str, int | None] = {}
    for task in submitted:
        if "map" not in task:
            lists[task["key"]] = len(task["config"]["output"]["items"]) if succeeds(task) else None
            model.append(task)
            continue
        number = lists[task["map"]["over"]]
        needed = list({*task["depends_on"], task["map"]["over"]})
        instances = [
            {**task, "key": f"{task['key']}[{index}]", "depends_on": needed}
            for index in range(number or 0)
        ]
        fails = {"final": True} if number is None else {}
        after = needed + [one["key"] for one in instances]
        own = {"template": True, "config": fails, "depends_on": after}
        lists[task["key"]] = number if succeeds(task) or not task["required"] else None
        model += [*instances, {**task, **own}]
    return model


def violations(
    submitted: list[dict[str, Any]],
    job: dict[str, Any],
    tasks: dict[str, dict[str, Any]],
    executions: dict[str, list[int]],
) -> list[str]:
    """Where a finished job differs from the model. `executions` holds attempts by task id.

    Where a required task is lost, how far the others came is a race; what each may be is not.
    """
    submitted = expanded(submitted)
    by_key = {task["key"]: task for task in submitted}
    blocked: set[str] = set()
    for task in submitted:
        needed = [by_key[key] for key in task["depends_on"]]
        if any(one["key"] in blocked or (one["required"] and not succeeds(one)) for one in needed):
            blocked.add(task["key"])
    doomed = any(
        task["required"] and not succeeds(task) for task in submitted if task["key"] not in blocked
    )
    wrong = []
    if job["status"] != ("failed" if doomed else "completed"):
        wrong.append(f"job is {job['status']}, doomed={doomed}")
    if unknown := tasks.keys() - by_key.keys():
        wrong.append(f"tasks nobody asked for: {sorted(unknown)}")
    for task in submitted:
        if task["key"] not in tasks:
            # An instance that never came to be, as the job was lost before its list was there.
            is_instance = "map" in task and "template" not in task
            wrong += [] if doomed and is_instance else [f"{task['key']} is missing"]
            continue
        seen = tasks[task["key"]]
        wrong += _task_violations(task, seen, task["key"] in blocked, doomed)
        attempts = sorted(executions.get(seen["id"], []))
        whole = list(range(1, seen["attempt"] + 1))
        # The last attempt of a cancelled task may have been stopped before its engine saw it.
        if attempts != whole and (seen["status"] != "cancelled" or attempts != whole[:-1]):
            wrong.append(f"{task['key']}: ran {attempts}, attempt {seen['attempt']}")
    wrong += _order_violations(submitted, tasks)
    return wrong


def _task_violations(
    task: dict[str, Any], seen: dict[str, Any], blocked: bool, doomed: bool
) -> list[str]:
    end = "completed" if succeeds(task) else "failed"
    allowed = {end, "skipped", "cancelled"} if doomed else {end}
    if blocked:
        allowed = {"skipped"}
    wrong = []
    if seen["status"] not in allowed:
        wrong.append(f"{task['key']}: {seen['status']}, not {sorted(allowed)}")
    if seen["status"] == end and seen["attempt"] != runs(task):
        wrong.append(f"{task['key']}: {seen['attempt']} attempts, not {runs(task)}")
    return wrong


def _order_violations(
    submitted: list[dict[str, Any]], tasks: dict[str, dict[str, Any]]
) -> list[str]:
    return [
        f"{task['key']} started before {key} ended"
        for task in submitted
        for key in task["depends_on"]
        if task["key"] in tasks
        and tasks[task["key"]]["started_at"] is not None
        and tasks[task["key"]]["started_at"] < (tasks[key]["completed_at"] or "9999")
    ]
