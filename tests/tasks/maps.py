"""Jobs with maps, run to where a test needs them, and what their logs tell."""

from __future__ import annotations

from typing import Any

from apps.jobs.models import Job
from apps.tasks.settle import Outcome
from tests.console.answers import body, get
from tests.factories import key_client
from tests.replay import differences
from tests.tasks.jobs import claim, make_job, make_worker, report, task


def mapped(key: str = "each", over: str = "list", path: str = "", **more: Any) -> dict[str, Any]:
    spec = {"over": over, "path": path, "max": more.pop("max", 1000)}
    return task(key, *more.pop("after", ()), map=spec, **more)


def listed(output: object, *tasks: dict[str, Any]) -> Job:
    """A job whose task `list` has given this output; those beside it still wait."""
    job = make_job(task("list"), *(tasks or (mapped(), task("end", "each"))))
    (held,) = claim()
    report(held, output=output, output_bytes=len(str(output)))
    return job


def finish(**outcomes: Outcome) -> None:
    """Run what is ready, until nothing is: each completes with its key, unless told otherwise."""
    worker = make_worker()
    while found := claim(worker, limit=1000):
        for held in found:
            outcome = outcomes.get(held.key.replace("[", "_").rstrip("]"), Outcome.COMPLETED)
            final = outcome is Outcome.FAILED
            report(held, outcome, output=held.key, output_bytes=8, error="told to", final=final)


def misreplayed(job: Job) -> list[str]:
    """Where the event log differs from what is stored."""
    client = key_client(job.tenant)
    events: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = body(get(client, f"jobs/{job.id}/events?after={after}"))
        events += page["events"]
        after = page["next"]
    tasks = body(get(client, f"jobs/{job.id}/tasks"))["tasks"]
    return differences(events, body(get(client, f"jobs/{job.id}")), tasks)
