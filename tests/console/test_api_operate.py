"""What staff do to engines, tenants, workers, nodes and single jobs, and what they see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from uuid_utils.compat import uuid4

from apps.tasks.models import EnginePause
from apps.tenants.clock import database_now, stamp
from apps.workers import transitions
from apps.workers.models import Worker
from tests.console.answers import body, errors, get, post
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import by_key, claim, fresh, make_job, make_worker, missing, run_all, task

pytestmark = pytest.mark.django_db

NOTHING = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def staff() -> Client:
    return staff_client()


def engine(client: Client, engine_id: str = "test.a", query: str = "") -> Any:
    rows = body(get(client, f"engines{query}"))
    return next(row for row in rows if row["engine_id"] == engine_id)


def serving(name: str, **engines: str) -> Worker:
    """A worker that runs each of these engines with the definition of this hash."""
    return transitions.register(
        name=name, node="node", boot_id=uuid4(), pid=7, slots=4, lease_seconds=30,
        engines={f"test.{key}": {"slots": 2, "hash": value} for key, value in engines.items()},
    )  # fmt: skip


def workers(client: Client) -> dict[str, Any]:
    return {row["name"]: row for row in body(get(client, "workers"))["workers"]}


# Pausing -----------------------------------------------------------------------------------------


def test_an_engine_is_paused_and_resumed(staff: Client, acme: Client) -> None:
    serving("w", a="x")
    assert body(post(staff, "engines/test.a/pause"))["status"] == "paused"
    assert engine(acme)["status"] == "paused"
    assert engine(acme, "test.b")["status"] == "unavailable"
    assert body(post(staff, "engines/test.a/resume"))["status"] == "ready"
    assert engine(acme)["status"] == "available"


def test_a_paused_tenant_sees_every_engine_paused(staff: Client, acme: Client) -> None:
    make_tenant("globex")
    post(staff, "tenants/globex/pause")
    assert engine(acme)["status"] == "unavailable"
    shown = body(post(staff, "tenants/acme/pause"))
    assert (shown["slug"], shown["paused_by"]) == ("acme", "user:ada")
    assert engine(acme)["status"] == engine(staff, query="?tenant=acme")["status"] == "paused"
    assert engine(staff)["status"] == "unavailable"


def test_the_tenants_say_weight_and_pause(staff: Client) -> None:
    make_tenant("acme", weight=3)
    post(staff, "tenants/acme/pause")
    (row,) = body(get(staff, "tenants"))
    assert (row["weight"], row["paused_by"], bool(row["paused_at"])) == (3, "user:ada", True)


@pytest.mark.parametrize("path", [
    "engines/nothing/pause", "engines/nothing/resume", "tenants/nobody/pause",
    "tenants/nobody/resume", f"workers/{NOTHING}/drain", f"workers/{NOTHING}/resume",
    "workers/x/drain", "nodes/nowhere/drain", "nodes/nowhere/resume",
    f"jobs/{NOTHING}/raise", f"jobs/{NOTHING}/lower",
])  # fmt: skip
def test_what_is_not_there_is_a_404(staff: Client, path: str) -> None:
    assert post(staff, path).status_code == 404


def test_a_key_with_every_scope_may_do_none_of_it() -> None:
    acme = key_client(make_tenant("acme"))
    job, worker = make_job(), make_worker()
    for path in ("engines/test.a/pause", "tenants/acme/pause", f"workers/{worker.id}/drain",
                 "nodes/node/drain", f"jobs/{job.id}/raise"):  # fmt: skip
        assert post(acme, path).status_code == 403
    assert not EnginePause.objects.exists()


# Draining ----------------------------------------------------------------------------------------


def test_a_worker_is_drained_and_resumed(staff: Client) -> None:
    worker = make_worker()
    drained = body(post(staff, f"workers/{worker.id}/drain"))
    assert (drained["status"], drained["drain_requested_by"]) == ("draining", "user:ada")
    resumed = body(post(staff, f"workers/{worker.id}/resume"))
    assert (resumed["status"], resumed["drain_requested_at"]) == ("ready", None)


def test_a_node_is_drained_and_resumed(staff: Client) -> None:
    make_worker()
    drained = body(post(staff, "nodes/node/drain"))
    assert (drained["name"], drained["workers"]) == ("node", 1)
    assert drained["drain_requested_by"] == "user:ada"
    assert workers(staff)["w1"]["status"] == "draining"
    assert body(post(staff, "nodes/node/resume"))["drain_requested_at"] is None
    assert workers(staff)["w1"]["status"] == "ready"


def test_an_offline_worker_cannot_be_drained(staff: Client) -> None:
    worker = make_worker()
    transitions.stop(worker.id)
    answer = post(staff, f"workers/{worker.id}/drain")
    assert (answer.status_code, errors(answer)[0]["code"]) == (409, "invalid_transition")


# Workers -----------------------------------------------------------------------------------------


def test_a_worker_shows_what_it_has_in_hand(staff: Client) -> None:
    worker = make_worker()
    job = make_job(task("a"), task("b"))
    claim(worker)
    row = workers(staff)["w1"]
    assert (row["kind"], row["node"], row["pid"], row["slots"]) == ("batch", "node", 1, 4)
    assert row["in_hand"] == 2
    (held, _) = row["tasks_in_hand"]
    first = by_key(job, "a")
    assert held == {
        "task_id": str(first.id), "job_id": str(job.id), "tenant": "acme", "key": "a",
        "engine_id": "test.a", "started_at": stamp(first.started_at or database_now()),
        "attempt": 1,
    }  # fmt: skip


def test_at_most_fifty_tasks_are_spelled_out(staff: Client) -> None:
    worker = make_worker()
    make_job(*(task(str(n)) for n in range(60)))
    claim(worker, limit=60)
    row = workers(staff)["w1"]
    assert (row["in_hand"], len(row["tasks_in_hand"])) == (60, 50)


def test_the_last_proof_is_the_latest_of_three(staff: Client) -> None:
    now = database_now()
    worker = make_worker()
    assert workers(staff)["w1"]["last_proof_at"] is None
    Worker.objects.filter(id=worker.id).update(
        last_claim_at=now - timedelta(seconds=9), canary_at=now - timedelta(seconds=2)
    )
    row = workers(staff)["w1"]
    assert (row["last_proof_at"], row["last_finish_at"]) == (row["canary_at"], None)


def test_workers_that_define_an_engine_otherwise_drift(staff: Client) -> None:
    serving("old", a="1", b="9")
    serving("new", a="2")
    serving("other", b="9")
    gone = serving("gone", b="0")
    transitions.stop(gone.id)
    rows = workers(staff)
    drift = {name: row["drift"] for name, row in rows.items()}
    assert drift == {"old": True, "new": True, "other": False, "gone": False}
    assert rows["old"]["engines"] == [
        {"engine_id": "test.a", "slots": 2, "hash": "1", "drift": True},
        {"engine_id": "test.b", "slots": 2, "hash": "9", "drift": False},
    ]


def test_those_gone_for_an_hour_are_left_out(staff: Client) -> None:
    for name, minutes in (("lately", 59), ("long ago", 61)):
        worker = make_worker(name)
        transitions.stop(worker.id)
        at = database_now() - timedelta(minutes=minutes)
        Worker.objects.filter(id=worker.id).update(lease_until=at, stopped_at=at)
    make_worker("here")
    assert list(workers(staff)) == ["here", "lately"]


def test_a_node_without_workers_shows_only_while_it_is_drained(staff: Client) -> None:
    worker = make_worker()
    Worker.objects.filter(id=worker.id).delete()
    assert body(get(staff, "workers"))["nodes"] == []
    post(staff, "nodes/node/drain")
    (node,) = body(get(staff, "workers"))["nodes"]
    assert (node["name"], node["workers"]) == ("node", 0)


def test_staff_who_chose_a_tenant_see_its_tasks_only(staff: Client) -> None:
    worker = make_worker()
    make_job(tenant=make_tenant("acme"))
    make_job(tenant=make_tenant("globex"))
    claim(worker)
    (row,) = body(get(staff, "workers?tenant=acme"))["workers"]
    assert [held["tenant"] for held in row["tasks_in_hand"]] == ["acme"]
    assert row["in_hand"] == 1


@pytest.mark.parametrize("number", [1, 12])
def test_workers_take_a_constant_number_of_queries(
    staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for place in range(number):
        make_job(task("a"), task("b"))
        claim(serving(f"w{place}", a="x"), limit=2)
    with django_assert_max_num_queries(11):
        assert len(workers(staff)) == number


# Raising -----------------------------------------------------------------------------------------


def test_a_job_is_raised_and_lowered(staff: Client, acme: Client) -> None:
    job = make_job()
    assert body(post(staff, f"jobs/{job.id}/raise"))["raised"] is True
    assert body(get(acme, "jobs"))["results"][0]["raised"] is True
    assert body(get(acme, f"jobs/{job.id}"))["priority"] == 0
    assert body(post(staff, f"jobs/{job.id}/lower"))["raised"] is False
    assert fresh(job).raised_at is None


def test_the_tenant_reads_of_it_and_no_name(staff: Client, acme: Client) -> None:
    job = make_job()
    post(staff, f"jobs/{job.id}/raise")
    event = body(get(acme, f"jobs/{job.id}/events"))["events"][-1]
    assert (event["type"], event["actor"]) == ("job.raised", "staff")
    assert event["changes"]["job"]["raised_by"] == "staff"


def test_an_ended_job_cannot_be_raised(staff: Client) -> None:
    job = make_job()
    run_all()
    assert post(staff, f"jobs/{job.id}/raise").status_code == 409
    assert post(staff, f"jobs/{missing()}/raise").status_code == 404
