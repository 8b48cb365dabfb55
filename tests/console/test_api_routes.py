"""Every route, for every kind of caller. A route without a row here fails."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from uuid_utils.compat import uuid7

from apps.console.api.urls import urlpatterns
from apps.jobs import files
from apps.jobs.models import Job
from apps.jobs.status import BulkVerb
from apps.tasks import bulk
from apps.tenants.audit import SYSTEM
from apps.tenants.models import Tenant
from tests.cards.scene import make_gpu
from tests.factories import key_client, make_tenant, staff_client
from tests.realtime.scene import Machine, take
from tests.tasks.jobs import make_job, make_worker, run_all

pytestmark = pytest.mark.django_db

READ, WRITE, REALTIME, STAFF, ANY = "jobs:read", "jobs:write", "realtime:read", "staff", "any"
OPENING = "realtime:write"
SCOPES = {READ, WRITE, REALTIME, OPENING}
OPEN = {"healthz", "readyz", "metrics", "signed-files/*", "workers/*"}
ROUTES = [
    ("GET", "dashboard", READ),
    ("GET", "queue", READ),
    ("GET", "usage", READ),
    ("GET", "jobs", READ),
    ("POST", "jobs", WRITE),
    ("POST", "jobs/bulk", WRITE),
    ("GET", "jobs/bulk/{bulk}", WRITE),
    ("GET", "jobs/{job}", READ),
    ("DELETE", "jobs/{job}", WRITE),
    ("POST", "jobs/{job}/cancel", WRITE),
    ("POST", "jobs/{job}/retry", WRITE),
    ("POST", "jobs/{job}/clone", WRITE),
    ("POST", "jobs/{job}/raise", STAFF),
    ("POST", "jobs/{job}/lower", STAFF),
    ("GET", "jobs/{job}/events", READ),
    ("GET", "jobs/{job}/logs", READ),
    ("GET", "jobs/{job}/tasks", READ),
    ("GET", "jobs/{job}/tasks/{task}", READ),
    ("POST", "jobs/{job}/tasks/{task}/retry", WRITE),
    ("GET", "jobs/{job}/tasks/{task}/logs", READ),
    ("GET", "jobs/{job}/tasks/{task}/why", READ),
    ("POST", "files", WRITE),
    ("GET", "files/{file}", READ),
    ("DELETE", "files/{file}", WRITE),
    ("GET", "files/{file}/info", READ),
    ("PUT", "files/{file}/parts/1", WRITE),
    ("POST", "files/{file}/complete", WRITE),
    ("GET", "engines", READ),
    ("POST", "engines/{engine}/pause", STAFF),
    ("POST", "engines/{engine}/resume", STAFF),
    ("GET", "pipelines", READ),
    ("GET", "tenants", STAFF),
    ("POST", "tenants/{tenant}/pause", STAFF),
    ("POST", "tenants/{tenant}/resume", STAFF),
    ("GET", "workers", STAFF),
    ("POST", "workers/{worker}/drain", STAFF),
    ("POST", "workers/{worker}/resume", STAFF),
    ("POST", "nodes/{node}/drain", STAFF),
    ("POST", "nodes/{node}/resume", STAFF),
    ("GET", "gpus", STAFF),
    ("GET", "gpus/{gpu}/samples", STAFF),
    ("GET", "me", ANY),
    ("GET", "realtime/status", REALTIME),
    ("GET", "realtime/sessions", REALTIME),
    ("POST", "realtime/sessions", OPENING),
    ("GET", "realtime/sessions/{session}", REALTIME),
    ("DELETE", "realtime/sessions/{session}", OPENING),
    ("POST", "realtime/sessions/{session}/heartbeat", OPENING),
]
each_route = pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
each_object = pytest.mark.parametrize(
    ("method", "path"),
    [(method, path) for method, path, scope in ROUTES if "{" in path and scope != STAFF],
)


@dataclass(frozen=True)
class Things:
    """What paths name: a job, one of its tasks, a file, a bulk action; and what all share."""

    job: object
    task: object
    file: object
    bulk: object
    worker: object = ""
    tenant: str = "acme"
    engine: str = "test.a"
    node: str = "node"
    gpu: str = "GPU-0"
    session: object = "-"

    def path(self, template: str) -> str:
        return template.format(**vars(self))


def call(client: Client, method: str, path: str) -> Any:
    content_type = "application/octet-stream" if path.startswith("files") else "application/json"
    answer: Any = client.generic(method, f"/api/console/{path}", b"", content_type=content_type)
    if answer.streaming:
        answer.close()
    return answer


def things_of(tenant: Tenant) -> Things:
    job: Job = make_job(tenant=tenant)
    run_all()
    task = job.tasks.get()
    file = files.create(tenant, "f", [b"x"], SYSTEM)
    action = bulk.start(tenant, BulkVerb.DELETE, [], SYSTEM)
    make_gpu("GPU-0")
    Machine(f"rt-{tenant.slug}")
    session = take(tenant)
    return Things(
        job.pk, task.pk, file.pk, action.pk, make_worker().pk, session=session.pk
    )  # fmt: skip


def test_every_route_has_a_row() -> None:
    rows = {re.sub(r"\{\w+\}", "*", path).replace("/1", "/*") for _, path, _ in ROUTES}
    routes = set()
    for pattern in urlpatterns:
        parts = [part if "<" not in part else "*" for part in str(pattern.pattern).split("/")]
        routes.add("/".join(parts))
    assert routes == rows | OPEN


@each_route
def test_nobody_gets_in_without_a_credential(method: str, path: str, scope: str) -> None:
    answer = call(Client(), method, things_of(make_tenant("acme")).path(path))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Token realm="api"'


@each_route
def test_a_key_needs_the_scope(method: str, path: str, scope: str) -> None:
    acme = make_tenant("acme")
    own = things_of(acme).path(path)
    refused = call(key_client(acme, *SCOPES - {scope}), method, own)
    assert (refused.status_code == 403) is (scope != ANY)
    if scope in SCOPES:
        assert call(key_client(acme, scope), method, own).status_code not in {401, 403, 404}


@each_object
def test_anothers_object_is_the_same_404_as_a_missing_one(method: str, path: str) -> None:
    theirs = things_of(make_tenant("globex"))
    client = key_client(make_tenant("acme"))
    foreign = call(client, method, theirs.path(path))
    missing = call(client, method, Things(uuid7(), uuid7(), uuid7(), uuid7()).path(path))
    odd = call(client, method, Things("x", "%00", "7", "-").path(path))
    assert foreign.status_code == 404
    assert foreign.content == missing.content == odd.content
    still_there = call(key_client(make_tenant("globex")), "GET", theirs.path("jobs/{job}"))
    assert still_there.json()["status"] == "completed"


@each_object
def test_staff_who_look_at_one_tenant_do_not_see_another(method: str, path: str) -> None:
    theirs = things_of(make_tenant("globex"))
    make_tenant("acme")
    staff = staff_client()
    assert call(staff, method, f"{theirs.path(path)}?tenant=acme").status_code == 404
    assert call(staff, method, theirs.path(path)).status_code != 404


@each_route
def test_an_unknown_parameter_is_refused_by_name(method: str, path: str, scope: str) -> None:
    acme = make_tenant("acme")
    client = staff_client() if scope == STAFF else key_client(acme)
    answer = call(client, method, f"{things_of(acme).path(path)}?colour=red")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "colour")


@each_route
def test_no_answer_is_used_again_unasked(method: str, path: str, scope: str) -> None:
    answer = call(staff_client(), method, things_of(make_tenant("acme")).path(path))
    polled = answer.has_header("ETag")
    assert answer["Cache-Control"] == ("private, no-cache" if polled else "no-store")
    assert answer["X-Request-ID"]


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(method: str) -> None:
    assert call(key_client(), method, "jobs").status_code == 405
