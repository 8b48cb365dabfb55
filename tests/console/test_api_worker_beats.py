"""Heartbeats of realtime workers over HTTP, with what is wrong named."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from uuid_utils.compat import uuid4

from apps.tenants import keys
from apps.tenants.audit import SYSTEM
from apps.workers import transitions
from apps.workers.models import Worker
from tests.console.answers import body, errors
from tests.factories import make_key, staff_client
from tests.realtime.scene import take, worker_key

pytestmark = pytest.mark.django_db

URL = "/api/console/workers/rt-1"
BOOT = str(uuid4())


def beat(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "kind": "realtime", "boot_id": BOOT, "number": number, "endpoint": "wss://voice.example/x",
        "capacity": 2, "models": ["m"], "node": "n", "status": "ready", "sessions": [],
        "ended": [], **more,
    }  # fmt: skip


def client_with(text: str) -> Client:
    return Client(headers={"Authorization": f"Token {text}"})


@pytest.fixture
def worker() -> Client:
    return client_with(worker_key()[1])


def put(client: Client, data: Any, url: str = URL) -> Any:
    return client.put(url, data, content_type="application/json")


def test_a_heartbeat_is_answered_with_all_a_worker_needs(worker: Client) -> None:
    answer = body(put(worker, beat()))
    row = Worker.objects.get()
    keys_shown = answer.pop("token_keys")
    assert answer == {
        "id": str(row.pk), "lease_seconds": 30, "connect_seconds": 30, "drain": False,
        "drain_deadline": None, "sessions": [],
    }  # fmt: skip
    assert [(key["kty"], key["crv"]) for key in keys_shown] == [("OKP", "Ed25519")]
    assert (row.name, row.status) == ("rt-1", "ready")


def test_it_learns_its_sessions_and_that_it_is_drained(worker: Client) -> None:
    put(worker, beat())
    session = take()
    transitions.drain(Worker.objects.get().pk, SYSTEM, 60)
    answer = body(put(worker, beat(2, sessions=[str(session.pk)])))
    assert [row["id"] for row in answer["sessions"]] == [str(session.pk)]
    assert answer["drain"]
    assert answer["drain_deadline"] is not None


@pytest.mark.parametrize("field", ["boot_id", "number", "endpoint", "capacity", "models", "node",
                                   "sessions"])  # fmt: skip
def test_nothing_may_be_left_out(worker: Client, field: str) -> None:
    data = beat()
    del data[field]
    answer = put(worker, data)
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, field)


WRONG: list[tuple[str, Any]] = [
    ("kind", "batch"), ("boot_id", 7), ("boot_id", "x"), ("number", -1), ("number", "1"),
    ("capacity", 0), ("capacity", 65), ("capacity", True), ("models", "m"), ("models", [7]),
    ("status", "offline"), ("node", "a\nb"), ("endpoint", "gopher://x"), ("endpoint", "w" * 501),
    ("sessions", ["x"]), ("ended", [{"id": "x"}]), ("ended", [{"id": BOOT, "reason": "r" * 201}]),
    ("colour", "red"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_malformed_heartbeat_changes_nothing_and_says_where(
    worker: Client, field: str, value: Any
) -> None:
    put(worker, beat())
    before = list(Worker.objects.values())
    answer = put(worker, beat(2) | {field: value})
    assert (answer.status_code, errors(answer)[0]["attr"].partition(".")[0]) == (400, field)
    assert list(Worker.objects.values()) == before


@pytest.mark.parametrize("data", ["", "[]", '{"a"', '{"node": "\\u0000"}'])
def test_what_is_no_heartbeat_is_refused(worker: Client, data: str) -> None:
    assert put(worker, data).status_code == 400


def test_only_a_worker_key_of_that_name_may_speak_for_it(worker: Client) -> None:
    assert put(client_with(worker_key("other-")[1]), beat()).status_code == 403
    for stranger in (Client(), client_with(make_key()), staff_client()):
        assert put(stranger, beat()).status_code == 401
        assert stranger.delete(URL).status_code == 401
    assert not Worker.objects.exists()


def test_a_revoked_key_is_dead() -> None:
    key, text = worker_key()
    keys.revoke_worker(key, SYSTEM)
    assert put(client_with(text), beat()).status_code == 401


@pytest.mark.parametrize("name", ["RT-1", "rt 1", "rt-" + "x" * 260])
def test_a_name_has_its_form(worker: Client, name: str) -> None:
    answer = put(worker, beat(), f"/api/console/workers/{name}")
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "name")


def test_a_boot_that_was_followed_by_another_is_told(worker: Client) -> None:
    put(worker, beat())
    put(worker, beat(boot_id=str(uuid4())))
    answer = put(worker, beat(2))
    assert (answer.status_code, errors(answer)[0]["code"]) == (409, "superseded")


def test_leaving_twice_is_leaving_once(worker: Client) -> None:
    put(worker, beat())
    assert [worker.delete(URL).status_code for _ in range(2)] == [204, 204]
    assert Worker.objects.get().status == "offline"


def test_only_the_named_boot_leaves(worker: Client) -> None:
    put(worker, beat())
    assert worker.delete(f"{URL}?boot_id={uuid4()}").status_code == 204
    assert worker.delete(f"{URL}?boot_id=x").status_code == 400
    assert Worker.objects.get().status == "ready"


def test_a_worker_key_opens_nothing_else(worker: Client) -> None:
    assert worker.get("/api/console/jobs").status_code == 401
