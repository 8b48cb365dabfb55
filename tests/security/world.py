"""Two tenants with one object of every kind each, and how a request to them is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.test import Client
from uuid_utils.compat import uuid7

from apps.jobs import files, uploads
from apps.jobs.models import Job, Pipeline, SubmitReceipt
from apps.jobs.status import BulkVerb
from apps.tasks import bulk, rollups
from apps.tasks.history import Pruned
from apps.tasks.logs import LogBuffer
from apps.tasks.models import CardHold, Task, TaskFile
from apps.tasks.settle import Outcome
from apps.tenants.audit import SYSTEM
from apps.tenants.clock import database_now
from apps.tenants.models import Tenant
from apps.tenants.owned import TenantQuerySet
from tests.cards.scene import make_gpu
from tests.factories import key_client, make_tenant
from tests.realtime.scene import Machine, take
from tests.security.routes import Row
from tests.tasks.jobs import by_key, claim, make_job, make_worker, report, task

Ids = dict[str, str]
BINARY, JSON = "application/octet-stream", "application/json"
OF_EACH_REQUEST = {"X-Request-ID"}


@dataclass(frozen=True)
class Party:
    """A tenant, a client with a key of every scope, and the ids in the path by kind of object."""

    tenant: Tenant
    client: Client
    ids: dict[str, Ids]


def make_party(slug: str) -> Party:
    tenant = make_tenant(slug)
    ended, active = _ended(tenant), _active(tenant)
    SubmitReceipt.objects.create(
        tenant=tenant, key=slug, body_hash=slug, job_id=ended.id, created_at=ended.created_at
    )
    Pipeline.objects.create(tenant=tenant, name=f"{slug}-pipe", tasks=[task("a")])
    file = files.create(tenant, f"{slug}.txt", [b"hello"], SYSTEM)
    left = Task.objects.get(job=ended)
    TaskFile.objects.create(task=left, attempt=left.attempt, file=file)
    upload = uploads.begin(tenant, f"{slug}.big", 5, SYSTEM)
    uploads.put_part(upload, 1, [b"hello"])
    ids: dict[str, Ids] = {
        "": {},
        "active": {"job_id": str(active.id), "task_id": str(by_key(active, "first").id)},
        "ended": {"job_id": str(ended.id), "task_id": str(by_key(ended, "only").id)},
        "file": {"file_id": str(file.id)},
        "upload": {"file_id": str(upload.id), "number": "1"},
        "bulk": {"bulk_id": str(bulk.start(tenant, BulkVerb.RETRY, [ended.id], SYSTEM).id)},
        "engine": {"engine_id": "test.a"},
        "tenant": {"slug": slug},
        "worker": {"worker_id": str(make_worker().id), "name": "node"},
    }
    Machine(f"rt-{slug}", capacity=64)
    ids["session"] = {"session_id": str(take(tenant, key=slug, caller=slug).pk)}
    make_gpu(f"GPU-{slug}")
    ids["gpu"] = {"uuid": f"GPU-{slug}"}
    rollups.fold()
    Pruned.objects.create(tenant=tenant, kind="jobs", until=database_now())
    return Party(tenant, key_client(tenant), ids)


def _ended(tenant: Tenant) -> Job:
    job = make_job(name="ended", tenant=tenant, labels={"team": "a"})
    (held,) = claim(make_worker())
    CardHold.objects.create(task_id=held.task_id, attempt=held.attempt, uuid="GPU-0")
    log = LogBuffer(held.task_id, held.attempt)
    log.add("a line", "info")
    log.store()
    report(held, Outcome.FAILED, error="told to", final=True)
    return job


def _active(tenant: Tenant) -> Job:
    tasks = (task("first"), task("second", "first"), task("third", engine_id="test.slow"))
    job = make_job(*tasks, name="active", tenant=tenant)
    (held,) = claim(make_worker(lease_seconds=3600))
    report(held, Outcome.STARTED)
    return job


# Requests ----------------------------------------------------------------------------------------


def ask(client: Client, row: Row, ids: Ids, query: str = "", method: str = "") -> Any:
    """Send the row's request about these objects."""
    data = {"data": row.data, "content_type": JSON}
    if row.data is None or isinstance(row.data, bytes):
        data = {"data": row.data or b"", "content_type": BINARY if row.data else JSON}
    send = getattr(client, (method or row.method).lower())
    url = row.url(ids, query)
    answer = send(url) if row.method == "GET" else send(url, **data)
    answer.whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
    for close in answer._resource_closers:
        close()
    return answer


def seen(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """All that a caller can tell answers apart by."""
    kept = {name: value for name, value in answer.items() if name not in OF_EACH_REQUEST}
    return answer.status_code, answer.whole, kept


def faults(answer: Any) -> list[str]:
    """What is wrong with the form of any answer."""
    found = [name for name in ("X-Request-ID", "Cache-Control") if not answer.get(name)]
    if answer.status_code >= 400 and answer.request["REQUEST_METHOD"] != "HEAD":
        problem = answer.json()
        if set(problem) != {"type", "errors"}:
            found.append(f"errors of another shape: {problem}")
        found += [str(e) for e in problem["errors"] if set(e) != {"code", "detail", "attr"}]
    return found


# Looking for leaks -------------------------------------------------------------------------------


def owned_models() -> list[type[Model]]:
    """Every model whose rows belong to a tenant."""
    return [model for model in apps.get_models() if hasattr(model, "tenant_path")]


def rows_of(tenant: Tenant) -> dict[str, list[dict[str, Any]]]:
    """All that is stored for a tenant."""
    return {
        model.__name__: list(TenantQuerySet(model).of(tenant).order_by("pk").values())
        for model in owned_models()
    }


def leaks(row: Row, client: Client, own: Party, other: Party) -> Iterator[str]:
    """Where a path that names the other's object answers otherwise than one that names none."""
    kept = rows_of(other.tenant)
    for method in ("GET", "HEAD") if row.method == "GET" else (row.method,):
        for number in range(1, len(row.names) + 1):
            for chosen in combinations(row.names, number):
                foreign = own.ids[row.on] | {name: other.ids[row.on][name] for name in chosen}
                missing = own.ids[row.on] | {name: str(uuid7()) for name in chosen}
                answer = ask(client, row, foreign, method=method)
                if answer.status_code != 404:
                    yield f"{method} {row.path}: {answer.status_code} for the other's {chosen}"
                if seen(answer) != seen(ask(client, row, missing, method=method)):
                    yield f"{method} {row.path}: the other's {chosen} is told from a missing one"
    if rows_of(other.tenant) != kept:
        yield f"{row}: the other's rows changed"
