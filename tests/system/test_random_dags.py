"""A hundred random DAGs end as the model says, on one process and on several."""

from __future__ import annotations

from typing import Any

import pytest

from tests.consoles import Client, Console
from tests.dags import random_dag, violations
from tests.replay import differences

SEEDS = range(100)


@pytest.mark.system
def test_random_dags_end_as_predicted_in_one_process(embedded: Console) -> None:
    _run_all(embedded, embedded.tenant("dags"))


@pytest.mark.service
def test_random_dags_end_as_predicted_on_two_workers(scaled: Console) -> None:
    _run_all(scaled, scaled.tenant("dags"))


def _run_all(console: Console, client: Client) -> None:
    submitted = {seed: random_dag(seed) for seed in SEEDS}
    jobs = {seed: client.submit(tasks)["id"] for seed, tasks in submitted.items()}
    ended = {seed: client.ended(job_id, seconds=120) for seed, job_id in jobs.items()}
    executions: dict[str, list[int]] = {}
    for task_id, attempt in console.executions():
        executions.setdefault(task_id, []).append(attempt)
    wrong = {
        seed: problems
        for seed, job in ended.items()
        if (problems := _problems(client, submitted[seed], job, executions))
    }
    assert not wrong


def _problems(
    client: Client,
    submitted: list[dict[str, Any]],
    job: dict[str, Any],
    executions: dict[str, list[int]],
) -> list[str]:
    tasks = client.tasks(job["id"])
    return violations(submitted, job, tasks, executions) + differences(
        client.events(job["id"]), job, list(tasks.values())
    )
