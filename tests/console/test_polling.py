"""Who polls gets a body once, and is told when nothing has changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.console.live import boards
from tests.factories import key_client, make_tenant
from tests.tasks.jobs import make_job, run_all

pytestmark = pytest.mark.django_db(transaction=True)

API = "/api/console"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    boards._kept.clear()
    yield
    boards._kept.clear()


def paths(job_id: object) -> list[str]:
    return ["dashboard", "queue", "jobs", f"jobs/{job_id}", f"jobs/{job_id}/tasks"]


@pytest.mark.parametrize("number", range(5))
def test_what_the_client_has_is_not_sent_again(acme: Client, number: int) -> None:
    job = make_job(tenant=make_tenant("acme"))
    run_all()
    path = f"{API}/{paths(job.id)[number]}"
    first = acme.get(path)
    again = acme.get(path, headers={"If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize("number", range(5))
def test_what_has_changed_is_sent(acme: Client, number: int) -> None:
    job = make_job(tenant=make_tenant("acme"))
    path = f"{API}/{paths(job.id)[number]}"
    etag = acme.get(path)["ETag"]
    run_all()
    assert acme.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_another_tenant_never_gets_what_was_kept(acme: Client, settings: Any) -> None:
    settings.CONSOLE_BOARD_SECONDS = 60
    make_job(tenant=make_tenant("acme"))
    globex = key_client(make_tenant("globex"))
    assert acme.get(f"{API}/dashboard").json()["batch"]["queue_depth"] == 1
    assert globex.get(f"{API}/dashboard").json()["batch"]["queue_depth"] == 0


def test_fifty_who_look_at_once_are_read_for_once(acme: Client, settings: Any) -> None:
    settings.CONSOLE_BOARD_SECONDS = 60
    acme.get(f"{API}/dashboard")
    with CaptureQueriesContext(connection) as queries:
        for _ in range(50):
            acme.get(f"{API}/dashboard")
    assert not [query for query in queries if "jobs_job" in query["sql"]]


def test_a_change_made_here_is_seen_at_once(acme: Client, settings: Any) -> None:
    settings.CONSOLE_BOARD_SECONDS = 60
    acme.get(f"{API}/dashboard")
    make_job(tenant=make_tenant("acme"))
    assert acme.get(f"{API}/dashboard").json()["batch"]["queue_depth"] == 1
