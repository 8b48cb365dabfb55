"""Every GET of the API with every query parameter it documents, as one caller sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from uuid import UUID

from drf_spectacular.generators import SchemaGenerator

from apps.console.api.pagination import Cursor
from apps.console.api.throttle import COUNTER
from tests.security.routes import API, ROUTES, STAFF, Row
from tests.security.world import Party, ask, seen

GETS = [row for row in ROUTES if row.method == "GET" and row.needs != STAFF]
CLOCKS = re.compile(rb'"resets_at":"[^"]+"')
"""The minute of a quota is the wall's; every other time is read from the pinned clock."""


@cache
def documented() -> dict[str, list[dict[str, Any]]]:
    """The query parameters of each GET, by its path in our table."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = {}
    for path, operations in schema["paths"].items():
        parameters = operations.get("get", {}).get("parameters", [])
        asked = [parameter for parameter in parameters if parameter["in"] == "query"]
        found[re.sub(r"\{(\w+)\}", r"<str:\1>", path.removeprefix(f"/{API}"))] = asked
    return found


def values_aimed_at(other: Party, text: str) -> dict[str, list[str]]:
    """For each parameter, values that would bring the other's rows up, were they in reach."""
    job, task = other.ids["ended"]["job_id"], other.ids["ended"]["task_id"]
    cursors = [Cursor(UUID(job), backwards=way).text() for way in (True, False)]
    return {
        "tenant": [other.tenant.slug, "globex"],
        "q": [text, job, job[:8]],
        "label": [f"{text}:{text}"],
        "engine": [text, "test.a"],
        "error_code": [text, "lost"],
        "result": ["pending"],
        "pipeline": [text],
        "model": [text, "m"],
        "status": ["pending", "running", "failed", "offered"],
        "cursor": cursors,
        "limit": ["1", "200"],
        "offset": ["1", "10000"],
        "created_after": ["2000-01-01T00:00:00Z"],
        "created_before": ["2100-01-01T00:00:00Z"],
        "from": ["2026-01-01T00:00:00Z"],
        "to": ["2026-03-01"],
        "by": ["tenant", "engine", "label"],
        "wait": ["0"],
        "after": ["0", f"2020-01-01T00:00:00.000000Z/{task}/000001/000000000"],
        "before": ["9"],
        "attempt": ["1", "2"],
        "tail": ["5"],
        "level": ["debug"],
    }


def questions(values: dict[str, list[str]]) -> Iterator[tuple[Row, str]]:
    """Each row plain, then with each of its parameters. A parameter without a value is an error."""
    for row in GETS:
        yield row, ""
        for parameter in documented()[row.path]:
            for value in values[parameter["name"]]:
                yield row, f"{parameter['name']}={value}"


def readings(
    own: Party, asked: Iterable[tuple[Row, str]]
) -> dict[str, tuple[int, bytes, dict[str, str]]]:
    """All the answers, by question. Requests are counted anew, as they are a tenant's own."""
    COUNTER.reset()
    answers = {}
    for row, query in asked:
        status, whole, headers = seen(ask(own.client, row, own.ids[row.on], query))
        answers[f"{row} {query}"] = status, CLOCKS.sub(b"", whole), headers
    return answers
