"""The table of every API route: what it needs, what it answers, and on which object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

API = "api/console/"
READ, WRITE, REALTIME, STAFF, ANY = "jobs:read", "jobs:write", "realtime:read", "staff", "any"
OPENING = "realtime:write"
JOB = "jobs/<str:job_id>"
TASK = f"{JOB}/tasks/<str:task_id>"
FILE = "files/<str:file_id>"
BULK = "jobs/bulk/<str:bulk_id>"
SESSION = "realtime/sessions/<str:session_id>"
OWNED = {"job_id", "task_id", "file_id", "bulk_id", "session_id"}
SOME_JOBS = {"action": "cancel", "ids": ["00000000-0000-7000-8000-000000000000"]}
NEW_JOB = {"name": "new", "tasks": [{"key": "a", "engine_id": "test.a"}]}


@dataclass(frozen=True)
class Row:
    """One method of one route. `on` is the kind of object that its path names, see `world.py`."""

    method: str
    path: str
    needs: str
    status: int = 200
    on: str = ""
    data: Any = None
    query: str = ""
    creates: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def names(self) -> tuple[str, ...]:
        """The owned objects in the path."""
        return tuple(name for name in re.findall(r"<str:(\w+)>", self.path) if name in OWNED)

    def url(self, ids: dict[str, str], query: str = "") -> str:
        """The address with these ids; `query` comes after what the row always sends."""
        path = re.sub(r"<\w+:(\w+)>", lambda match: ids[match[1]], self.path)
        asked = "&".join(part for part in (self.query, query) if part)
        return f"/{API}{path}?{asked}"


ROUTES = [
    Row("GET", "dashboard", READ),
    Row("GET", "jobs", READ),
    Row("POST", "jobs", WRITE, 201, data=NEW_JOB, creates=True),
    Row("POST", "jobs/bulk", WRITE, 202, data=SOME_JOBS),
    Row("GET", BULK, WRITE, on="bulk"),
    Row("GET", JOB, READ, on="active"),
    Row("DELETE", JOB, WRITE, 204, on="ended"),
    Row("POST", f"{JOB}/cancel", WRITE, 202, on="active"),
    Row("POST", f"{JOB}/retry", WRITE, on="ended"),
    Row("POST", f"{JOB}/clone", WRITE, 201, on="active", data={}),
    Row("POST", f"{JOB}/raise", STAFF, on="active"),
    Row("POST", f"{JOB}/lower", STAFF, on="active"),
    Row("GET", f"{JOB}/events", READ, on="active"),
    Row("GET", f"{JOB}/logs", READ, on="ended"),
    Row("GET", f"{JOB}/tasks", READ, on="active"),
    Row("GET", TASK, READ, on="ended"),
    Row("POST", f"{TASK}/retry", WRITE, on="ended"),
    Row("GET", f"{TASK}/logs", READ, on="ended"),
    Row("GET", f"{TASK}/why", READ, on="active"),
    Row("POST", "files", WRITE, 201, data=b"hello", query="name=a.txt", creates=True),
    Row("GET", FILE, READ, on="file"),
    Row("DELETE", FILE, WRITE, 204, on="file"),
    Row("GET", f"{FILE}/info", READ, on="file"),
    Row("PUT", f"{FILE}/parts/<int:number>", WRITE, on="upload", data=b"hello"),
    Row("POST", f"{FILE}/complete", WRITE, on="upload"),
    Row("GET", "engines", READ),
    Row("POST", "engines/<str:engine_id>/pause", STAFF, on="engine"),
    Row("POST", "engines/<str:engine_id>/resume", STAFF, on="engine"),
    Row("GET", "queue", READ),
    Row("GET", "usage", READ),
    Row("GET", "pipelines", READ),
    Row("GET", "tenants", STAFF),
    Row("POST", "tenants/<str:slug>/pause", STAFF, on="tenant"),
    Row("POST", "tenants/<str:slug>/resume", STAFF, on="tenant"),
    Row("GET", "workers", STAFF),
    Row("POST", "workers/<str:worker_id>/drain", STAFF, on="worker"),
    Row("POST", "workers/<str:worker_id>/resume", STAFF, on="worker"),
    Row("POST", "nodes/<str:name>/drain", STAFF, on="worker"),
    Row("POST", "nodes/<str:name>/resume", STAFF, on="worker"),
    Row("GET", "gpus", STAFF),
    Row("GET", "gpus/<str:uuid>/samples", STAFF, on="gpu"),
    Row("GET", "me", ANY),
    Row("GET", "realtime/status", REALTIME),
    Row("GET", "realtime/sessions", REALTIME),
    Row("POST", "realtime/sessions", OPENING, 201, data={"model": "m"}, creates=True),
    Row("GET", SESSION, REALTIME, on="session"),
    Row("DELETE", SESSION, OPENING, 204, on="session"),
    Row("POST", f"{SESSION}/heartbeat", OPENING, on="session"),
]

OPEN = {
    "GET api/console/healthz": "says only that it lives",
    "GET api/console/readyz": "parts of the system, for load balancers; nothing of a tenant",
    "GET api/console/metrics": "has a token of its own; not there while that is unset",
    "GET api/console/signed-files/<str:token>": "the signature of the link is the credential",
    "PUT api/console/workers/<str:name>": "a worker key, of another type and bound to a name",
    "DELETE api/console/workers/<str:name>": "a worker key, of another type and bound to a name",
    "GET api/schema": "how the API looks, the same for all",
    "GET api/docs": "the page that shows the schema",
}
PAGES = {
    "": "leads to the page",
    "console": "leads to the page",
    "console/login": "has to be open",
    "console/logout": "ends a session",
    "console/link/<str:token>": "the one-use token is the credential",
    "^console/(?P<path>.*)$": "the shell, which holds no data",
    "admin": "leads to the admin",
    "admin/": "Django's admin: a staff session, tested in tests/tenants/test_admin.py",
}


def resolved() -> Iterator[str]:
    """`METHOD path` of all that the resolver knows under `api/`; elsewhere the path alone."""
    for path, view in _patterns(get_resolver("console_project.urls"), ""):
        if not path.startswith("api/"):
            yield "admin/" if path.startswith("admin/") else path
            continue
        for method in _methods(view):
            yield f"{method.upper()} {path}"


def unlisted(found: set[str], rows: list[Row]) -> set[str]:
    """What is routed and stands in no list, and what is listed and leads nowhere."""
    listed = {f"{row.method} {API}{row.path}" for row in rows}
    return found ^ (listed | OPEN.keys() | PAGES.keys())


def _patterns(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path, entry.callback
        else:
            yield from _patterns(entry, path)


def _methods(view: Any) -> set[str]:
    """HEAD goes with GET, and OPTIONS is refused everywhere."""
    actions = getattr(view, "actions", None)
    kind = view.cls if hasattr(view, "cls") else view.view_class
    if actions is None:
        actions = {name for name in kind.http_method_names if hasattr(kind, name)}
    return {*actions} - {"head", "options"}
