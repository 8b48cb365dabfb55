"""Asking why, and a pool of workers to ask about."""

from __future__ import annotations

from typing import Any

from django.test import Client

from apps.jobs.models import Job
from apps.workers.models import Worker
from tests.console.answers import body, get
from tests.tasks.jobs import by_key, make_worker


def why(client: Client, job: Job, key: str = "only") -> Any:
    return body(get(client, f"jobs/{job.id}/tasks/{by_key(job, key).id}/why"))


def reasons(answer: Any) -> list[str]:
    """Of its history, oldest first."""
    return [span["reason"] for span in answer["history"]]


def serve(*engines: str, status: str = "ready", slots: int = 1) -> Worker:
    """A worker of these engines, of `test.a` unless said otherwise."""
    worker = make_worker("server", lease_seconds=600)
    served = {name: {"slots": slots, "hash": ""} for name in engines or ["test.a"]}
    Worker.objects.filter(id=worker.id).update(engines=served, status=status)
    return worker
