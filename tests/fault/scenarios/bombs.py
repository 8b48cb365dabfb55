"""Submissions as large as they come."""

from __future__ import annotations

import time
from typing import Any

from tests.fault.stage import Stage

REFUSED_SECONDS = 1.0
ACCEPTED_SECONDS = 5.0
MOST = 10_000


def run(stage: Stage) -> None:
    """`n` rounds of: 100,000 tasks refused; 10,000 accepted, wide and 10,000 deep; cancelled."""
    with stage.arena(lease=30) as console:
        jobs: list[str] = []
        for _ in range(stage.n):
            too_many = [{"key": str(n), "engine_id": "fault.nobody"} for n in range(10 * MOST)]
            status, seconds, _ = _post(console.client, too_many)
            stage.figures["refused_s"] = seconds
            stage.expect(status in (400, 413), f"100,000 tasks were answered {status}")
            stage.expect(seconds < REFUSED_SECONDS, f"refusing took {seconds} s")
            for name, tasks in (("wide", _wide()), ("deep", _deep())):
                status, seconds, job = _post(console.client, tasks)
                stage.figures[f"{name}_accepted_s"] = seconds
                stage.expect(status == 201, f"{name}: {status}")
                stage.expect(seconds < ACCEPTED_SECONDS, f"{name}: accepting took {seconds} s")
                if status == 201:
                    jobs.append(job)
                    console.client.post(f"/jobs/{job}/cancel")
        console.settled()
        stage.check(console, jobs)


def _wide() -> list[dict[str, Any]]:
    return [{"key": str(n), "engine_id": "fault.nobody"} for n in range(MOST)]


def _deep() -> list[dict[str, Any]]:
    return [
        {"key": str(n), "engine_id": "fault.nobody", "depends_on": [str(n - 1)] if n else []}
        for n in range(MOST)
    ]


def _post(client: Any, tasks: list[dict[str, Any]]) -> tuple[int, float, str]:
    """Status, seconds, the job's id where it was accepted."""
    import json

    body = json.dumps({"name": "bomb", "tasks": tasks})
    headers = {"Content-Type": "application/json"}
    began = time.monotonic()
    answer = client.post("/jobs", content=body, headers=headers)
    seconds = round(time.monotonic() - began, 2)
    return answer.status_code, seconds, answer.json().get("id", "")
