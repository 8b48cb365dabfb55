"""Dashboard, engines, pipelines, the realtime pool, tenants, me: to staff and to a tenant."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from uuid_utils.compat import uuid4

from apps.console import elapsed
from apps.jobs.models import Pipeline
from apps.tasks.engines.registry import registry
from apps.tenants.clock import database_now
from apps.workers.models import Node, Worker
from apps.workers.transitions import take_tick
from tests.console.answers import body, get
from tests.factories import issue_key, key_client, make_tenant, staff_client
from tests.tasks.jobs import claim, make_job, make_worker, report, run_all, task

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    return staff_client()


def serving(*engines: str, status: str = "ready") -> Worker:
    worker = make_worker("server")
    Worker.objects.filter(id=worker.id).update(
        engines={engine: {"slots": 1} for engine in engines}, status=status
    )
    return worker


def realtime_worker(name: str, capacity: int = 4, silent: int = 0, **fields: Any) -> Worker:
    now = database_now()
    node, _ = Node.objects.get_or_create(name="n", defaults={"first_seen_at": now})
    lease_until = now + timedelta(seconds=-silent if silent else 30)
    return Worker.objects.create(
        name=name, kind="realtime", node=node, boot_id=uuid4(), capacity=capacity,
        started_at=now, last_heartbeat_at=now, lease_until=lease_until, **fields,
    )  # fmt: skip


def globex_works() -> None:
    globex = make_tenant("globex")
    make_job(*(task(str(n)) for n in range(3)), tenant=globex)
    report(claim(limit=1)[0])
    claim(limit=1)


# Dashboard ---------------------------------------------------------------------------------------


def test_the_dashboard_counts_what_is_active(acme: Client) -> None:
    make_job(task("a"), task("b"), task("c", "a"))
    make_job(name="new")
    report(claim(limit=1)[0])
    claim(limit=1)
    answer = body(get(acme, "dashboard"))
    assert set(answer) == {"seq", "system", "batch", "realtime"}
    batch = answer["batch"]
    assert (batch["active_jobs"], batch["queue_depth"]) == (1, 2)
    assert batch["oldest_wait_ms"] >= 0
    assert [job["name"] for job in batch["recent_jobs"]] == ["new", "job"]
    assert set(answer["system"]) == {
        "status", "reasons", "gpu_memory_used_mb", "gpu_memory_total_mb", "gpu_driver",
        "gpu_sampled_at", "gpu_status", "version",
    }  # fmt: skip
    assert answer["system"]["gpu_memory_total_mb"] is None


def test_an_idle_dashboard_is_empty(acme: Client) -> None:
    assert body(get(acme, "dashboard"))["batch"] == {
        "active_jobs": 0, "queue_depth": 0, "oldest_wait_ms": None, "recent_jobs": [],
    }  # fmt: skip


@pytest.fixture
def _pinned_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look is at the same moment."""
    now = database_now()
    monkeypatch.setattr(elapsed, "database_now", lambda: now)


@pytest.mark.usefixtures("_pinned_clock")
@pytest.mark.parametrize("path", ["dashboard", "engines", "realtime/status", "jobs", "pipelines"])
def test_what_another_tenant_does_changes_no_byte(acme: Client, path: str) -> None:
    before = get(acme, path).content
    globex_works()
    make_worker("other")
    Worker.objects.all().delete()
    Pipeline.objects.create(name="theirs", tasks=[], tenant=make_tenant("globex"))
    assert get(acme, path).content == before


@pytest.mark.usefixtures("_pinned_clock")
@pytest.mark.parametrize("path", ["dashboard", "engines", "realtime/status", "jobs", "pipelines"])
def test_staff_who_choose_a_tenant_see_what_it_sees(acme: Client, staff: Client, path: str) -> None:
    globex_works()
    make_job(tenant=make_tenant("acme"))
    run_all()
    assert body(get(staff, f"{path}?tenant=acme")) == body(get(acme, path))
    assert body(get(staff, f"{path}?tenant=globex")) != body(get(staff, f"{path}?tenant=acme")) or (
        path not in {"dashboard", "jobs"}
    )


def test_the_dashboard_says_what_is_wrong_to_staff_only(acme: Client, staff: Client) -> None:
    assert body(get(staff, "dashboard"))["system"]["status"] == "unhealthy"
    serving("test.a")
    make_job(task("t", engine_id="test.b"))
    system = body(get(staff, "dashboard"))["system"]
    codes = [reason["code"] for reason in system["reasons"]]
    assert (system["status"], codes) == ("degraded", ["sweep_late", "engine_unserved"])
    own = body(get(acme, "dashboard"))["system"]
    assert (own["status"], own["reasons"]) == ("degraded", [])


def test_a_console_that_works_is_healthy(staff: Client) -> None:
    serving("test.a")
    take_tick("sweep", 5)
    system = body(get(staff, "dashboard"))["system"]
    assert (system["status"], system["reasons"]) == ("healthy", [])


def test_realtime_figures_need_their_scope() -> None:
    client = key_client(make_tenant("acme"), "jobs:read")
    assert body(get(client, "dashboard"))["realtime"] is None
    assert get(client, "realtime/status").status_code == 403


@pytest.mark.parametrize("number", [1, 50])
@pytest.mark.parametrize("path", ["dashboard", "engines", "me", "pipelines"])
def test_figures_take_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, path: str, number: int
) -> None:
    for _ in range(number):
        make_job()
        Pipeline.objects.create(name=f"p{number}", tasks=[], tenant=make_tenant(f"t{_}"))
    run_all()
    with django_assert_max_num_queries(14):
        assert get(acme, path).status_code == 200


# Engines and pipelines ---------------------------------------------------------------------------


def engine(client: Client, engine_id: str = "test.a") -> Any:
    return next(row for row in body(get(client, "engines")) if row["engine_id"] == engine_id)


def test_an_engine_shows_its_queue_and_usual_durations(staff: Client) -> None:
    make_job(*(task(str(n)) for n in range(4)))
    serving("test.a", "test.b")
    report(claim(limit=1)[0])
    claim(limit=1)
    row = engine(staff)
    assert (row["queue_depth"], row["running"], row["workers"]) == (2, 1, 1)
    assert (row["stage"], row["kind"], row["status"], row["demo"]) == (
        "a",
        "python",
        "ready",
        False,
    )
    assert row["oldest_wait_ms"] >= 0
    assert row["p50_ms"] is not None
    assert row["p50_ms"] <= row["p95_ms"]


def test_a_tenant_sees_its_own_part_of_an_engine(acme: Client) -> None:
    globex_works()
    row = engine(acme)
    assert (row["queue_depth"], row["running"], row["oldest_wait_ms"]) == (0, 0, None)
    assert (row["workers"], row["p50_ms"], row["p95_ms"]) == (None, None, None)


@pytest.mark.parametrize(
    ("status", "to_staff", "to_tenant"),
    [("ready", "ready", "available"), ("draining", "draining", "unavailable")],
)
def test_an_engines_status_says_less_to_a_tenant(
    acme: Client, staff: Client, status: str, to_staff: str, to_tenant: str
) -> None:
    assert (engine(staff)["status"], engine(acme)["status"]) == ("unavailable", "unavailable")
    serving("test.a", status=status)
    assert (engine(staff)["status"], engine(acme)["status"]) == (to_staff, to_tenant)


def test_a_tenants_pipelines_are_its_own_the_shared_and_the_built_in(
    acme: Client, staff: Client
) -> None:
    Pipeline.objects.create(name="p", tasks=[task("shared")])
    Pipeline.objects.create(name="p", tasks=[task("own")], tenant=make_tenant("acme"))
    Pipeline.objects.create(name="q", tasks=[], tenant=make_tenant("globex"))
    Pipeline.objects.create(name="off", tasks=[], active=False)
    rows = body(get(acme, "pipelines"))
    shown = [(row["name"], row["tenant"], row["demo"]) for row in rows]
    built_in = list(registry().pipelines)
    assert shown == [("p", "acme", False), *((name, None, True) for name in built_in)]
    assert rows[0]["tasks"] == [task("own")]
    assert [row["name"] for row in body(get(staff, "pipelines"))] == ["p", "p", "q", *built_in]


# Realtime ----------------------------------------------------------------------------------------


def test_a_pool_without_workers_is_empty(staff: Client) -> None:
    pool = body(get(staff, "realtime/status"))
    assert pool.pop("seq") > 0
    assert pool == {
        "worker_count": 0, "total_capacity": 0, "active_sessions": 0, "utilization": 0.0,
        "models": [], "workers": [],
    }  # fmt: skip


def test_offline_workers_add_nothing_to_the_totals(staff: Client) -> None:
    realtime_worker("a", 4, model_names=["m"])
    realtime_worker("b", 8, silent=60, model_names=["m"])
    realtime_worker("c", 16, silent=60, status="offline", stopped_at=database_now())
    answer = body(get(staff, "realtime/status"))
    assert (answer["worker_count"], answer["total_capacity"]) == (1, 4)
    shown = [(row["model"], row["capacity"], row["active"]) for row in answer["models"]]
    assert shown == [("m", 4, 0)]
    assert [(row["capacity"], row["status"]) for row in answer["workers"]] == [
        (4, "ready"), (8, "offline"),
    ]  # fmt: skip


@pytest.mark.parametrize(("quota", "capacity"), [(None, 4), (2, 2), (9, 9)])
def test_a_tenants_share_is_its_quota(quota: int | None, capacity: int) -> None:
    realtime_worker("a", 4, model_names=["m"])
    client = key_client(make_tenant("acme", max_sessions=quota))
    answer = body(get(client, "realtime/status"))
    assert (answer["total_capacity"], answer["worker_count"], answer["workers"]) == (
        capacity,
        0,
        [],
    )


# Who is there ------------------------------------------------------------------------------------


def test_tenants_are_listed_for_staff_only(acme: Client, staff: Client) -> None:
    make_tenant("globex", max_sessions=3)
    assert get(acme, "tenants").status_code == 403
    rows = body(get(staff, "tenants"))
    assert [(row["slug"], row["active"], row["max_sessions"]) for row in rows] == [
        ("acme", True, None), ("globex", True, 3),
    ]  # fmt: skip


def test_a_key_learns_what_it_is_and_what_it_may_use() -> None:
    tenant = make_tenant("acme", max_active_jobs=5, max_submits_per_minute=3)
    key, text = issue_key(tenant, "jobs:read", name="ci")
    make_job(tenant=tenant)
    me = body(get(Client(headers={"Authorization": f"Bearer {text}"}), "me"))
    assert (me["kind"], me["name"], me["tenant"], me["scopes"]) == (
        "key", "ci", "acme", ["jobs:read"],
    )  # fmt: skip
    assert (me["is_staff"], me["username"]) == (False, None)
    assert me["key_expires_at"] == key.expires_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert me["quotas"]["max_active_jobs"] == {"limit": 5, "used": 1, "resets_at": None}
    assert me["quotas"]["max_submits_per_minute"]["limit"] == 3
    assert me["quotas"]["requests_per_minute"]["used"] == 1


def test_staff_learn_who_they_are(staff: Client) -> None:
    me = body(get(staff, "me"))
    assert (me["kind"], me["username"], me["tenant"]) == ("staff", "ada", None)
    assert (me["is_staff"], me["is_superuser"], me["key_expires_at"]) == (True, False, None)
    make_tenant("acme")
    assert body(get(staff, "me?tenant=acme"))["tenant"] == "acme"
