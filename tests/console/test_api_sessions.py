"""Realtime sessions over HTTP: open, keep, release, list; to a tenant and to staff."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from apps.workers.models import Session
from apps.workers.tokens import public_keys
from tests.console.answers import body, errors, get, post
from tests.factories import key_client, make_tenant, staff_client
from tests.realtime.scene import Machine, fate, take

pytestmark = pytest.mark.django_db

URL = "realtime/sessions"
SHOWN = {
    "id", "tenant", "model", "status", "worker", "metadata", "ttl_seconds", "created_at",
    "connect_by", "expires_at", "started_at", "ended_at", "end_reason", "duration_ms",
}  # fmt: skip


def delete(client: Client, session_id: object) -> Any:
    return client.delete(f"/api/console/{URL}/{session_id}")


def refused(answer: Any) -> tuple[int, str, str | None]:
    (error,) = errors(answer)
    return answer.status_code, error["code"], error["attr"]


# Opening -----------------------------------------------------------------------------------------


def test_a_session_is_opened_where_there_is_room(acme: Client) -> None:
    machine = Machine()
    answer = post(acme, URL, {"model": "m", "metadata": {"call": 7}})
    session = body(answer)
    assert (answer.status_code, set(session)) == (201, SHOWN | {"placement", "token"})
    assert (session["status"], session["ttl_seconds"], session["metadata"]) == (
        "offered", 3600, {"call": 7},
    )  # fmt: skip
    assert session["worker"] == {
        "id": str(machine.row.pk), "endpoint": "wss://voice.example/live", "name": None,
    }  # fmt: skip


def test_the_token_is_checked_with_the_keys_of_the_heartbeat(acme: Client) -> None:
    machine = Machine()
    session = body(post(acme, URL, {"model": "m"}))
    (key,) = public_keys()
    assert jwt.get_unverified_header(session["token"])["kid"] == key["kid"]
    claims = jwt.decode(
        session["token"], jwt.PyJWK(dict(key)).key, algorithms=["EdDSA"],
        audience=str(machine.row.pk), issuer="yardmaster",
    )  # fmt: skip
    assert (claims["sub"], claims["tenant"], claims["model"]) == (session["id"], "acme", "m")


@pytest.mark.parametrize(("data", "attr"), [
    ({}, "model"),
    ({"model": ""}, "model"),
    ({"model": 7}, "model"),
    ({"model": "m", "ttl_seconds": 29}, "ttl_seconds"),
    ({"model": "m", "ttl_seconds": 86401}, "ttl_seconds"),
    ({"model": "m", "metadata": []}, "metadata"),
    ({"model": "m", "metadata": {"x": "y" * 16400}}, "metadata"),
    ({"model": "m", "tenant": "globex"}, "tenant"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_by_name(acme: Client, data: Any, attr: str) -> None:
    Machine()
    answer = post(acme, URL, data)
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, attr)
    assert not Session.objects.exists()


def test_no_room_says_why_and_when_to_try_again(acme: Client) -> None:
    answer = post(acme, URL, {"model": "m"})
    assert refused(answer) == (503, "no_capacity", None)
    assert "No worker" in errors(answer)[0]["detail"]
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_a_full_quota_is_named() -> None:
    Machine()
    client = key_client(make_tenant("acme", max_sessions=0))
    answer = post(client, URL, {"model": "m"})
    assert refused(answer) == (429, "throttled", None)
    assert "max_sessions" in errors(answer)[0]["detail"]
    assert answer["Retry-After"]


def test_the_same_request_again_is_the_same_session(acme: Client) -> None:
    Machine()
    first = post(acme, URL, {"model": "m"}, **{"Idempotency-Key": "k"})
    again = post(acme, URL, {"model": "m"}, **{"Idempotency-Key": "k"})
    other = post(acme, URL, {"model": "m", "ttl_seconds": 60}, **{"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert body(first)["id"] == body(again)["id"]
    assert refused(other) == (422, "idempotency_conflict", None)


def test_staff_open_for_a_tenant_they_name() -> None:
    Machine()
    make_tenant("acme")
    staff = staff_client()
    assert refused(post(staff, URL, {"model": "m"})) == (400, "required", "tenant")
    assert body(post(staff, f"{URL}?tenant=acme", {"model": "m"}))["tenant"] == "acme"


# Keeping and releasing ---------------------------------------------------------------------------


def test_a_heartbeat_puts_the_end_off_and_renews_the_token(acme: Client) -> None:
    Machine()
    session = take()
    kept = body(post(acme, f"{URL}/{session.pk}/heartbeat"))
    assert kept["expires_at"] > session.expires_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert jwt.decode(kept["token"], options={"verify_signature": False})["sub"] == kept["id"]


def test_an_ended_session_cannot_be_kept(acme: Client) -> None:
    Machine()
    session = take()
    assert [delete(acme, session.pk).status_code for _ in range(2)] == [204, 204]
    assert fate(session) == ("ended", "released")
    answer = post(acme, f"{URL}/{session.pk}/heartbeat")
    assert refused(answer) == (409, "invalid_transition", None)


@pytest.mark.parametrize(("method", "path"), [("get", ""), ("delete", ""), ("post", "/heartbeat")])
def test_anothers_session_is_not_there(acme: Client, method: str, path: str) -> None:
    Machine()
    theirs = take(make_tenant("globex"))
    answer = getattr(acme, method)(f"/api/console/{URL}/{theirs.pk}{path}")
    assert (answer.status_code, fate(theirs)) == (404, ("offered", ""))


# Reading -----------------------------------------------------------------------------------------


def test_the_list_is_the_tenants_own_newest_first(acme: Client) -> None:
    Machine(capacity=9)
    own = [str(take().pk) for _ in range(3)]
    take(make_tenant("globex"))
    page = body(get(acme, f"{URL}?limit=2"))
    assert [row["id"] for row in page["results"]] == own[:0:-1]
    assert (page["count"], set(page["results"][0])) == (3, SHOWN)
    rest = body(acme.get(page["next"]))
    assert [row["id"] for row in rest["results"]] == own[:1]
    assert body(get(staff_client(), URL))["count"] == 4


def test_the_list_is_narrowed_by_status_and_model(acme: Client) -> None:
    machine = Machine(capacity=9, models=["m", "n"])
    active, other, ended = take(), take(model="n"), take()
    machine.beat(active, ended={ended.pk: "done"})
    chosen = body(get(acme, f"{URL}?status=active&status=ended"))["results"]
    assert [row["status"] for row in chosen] == ["ended", "active"]
    (row,) = body(get(acme, f"{URL}?model=n"))["results"]
    assert (row["id"], row["status"]) == (str(other.pk), "offered")
    assert get(acme, f"{URL}?status=busy").status_code == 400


def test_only_staff_see_how_it_was_placed(acme: Client) -> None:
    Machine("rt-1")
    path = f"{URL}/{take().pk}"
    own, theirs = body(get(acme, path)), body(get(staff_client(), path))
    assert (own["placement"], own["worker"]["name"]) == (None, None)
    assert theirs["worker"]["name"] == "rt-1"
    assert [row["verdict"] for row in theirs["placement"]["candidates"]] == ["chosen"]
    assert body(get(staff_client(), f"{path}?tenant=acme")) == own


@pytest.mark.parametrize("number", [1, 30])
def test_a_page_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    Machine(capacity=60)
    for _ in range(number):
        take()
    with django_assert_max_num_queries(4):
        assert len(body(get(acme, f"{URL}?limit=50"))["results"]) == number
