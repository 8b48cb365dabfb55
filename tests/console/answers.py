"""Calls of the API, and what their answers hold."""

from __future__ import annotations

from typing import Any

from django.test import Client

JOB = {
    "id", "tenant", "name", "pipeline", "status", "priority", "labels", "progress",
    "created_at", "started_at", "completed_at", "duration_ms", "demo", "raised", "seq",
}  # fmt: skip
DETAIL = JOB | {"parameters", "result", "result_too_large", "error", "gpu_seconds", "cancel"}


def get(client: Client, path: str) -> Any:
    return client.get(f"/api/console/{path}")


def post(client: Client, path: str, data: Any = None, **headers: str) -> Any:
    """POST `data` as JSON; without any, no body at all."""
    url = f"/api/console/{path}"
    if data is None:
        return client.post(url, b"", content_type="application/json", headers=headers)
    return client.post(url, data, content_type="application/json", headers=headers)


def body(answer: Any) -> Any:
    assert answer.status_code < 300, answer.content
    return answer.json()


def errors(answer: Any) -> list[dict[str, Any]]:
    assert set(answer.json()) == {"type", "errors"}, answer.content
    found: list[dict[str, Any]] = answer.json()["errors"]
    return found


def names(answer: Any) -> list[str]:
    """Of the jobs in a list."""
    return [row["name"] for row in body(answer)["results"]]
