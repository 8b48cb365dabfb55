"""Who may open a socket, what it may say, and when it is closed."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.live.client import Live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.consoles import Client, Console

pytestmark = pytest.mark.system

_STAFF = (
    "from apps.tenants.models import User;"
    "User.objects.filter(username='ann').exists() or User.objects.create_superuser('ann')"
)


@pytest.fixture(scope="module")
def ann(console: Console) -> None:
    """A staff user."""
    console.manage("shell", "-c", _STAFF)


@pytest.fixture
def staff(console: Console, ann: None) -> Iterator[httpx.Client]:
    """A browser with a session of hers."""
    link = console.manage("login_link", "ann").strip()
    with httpx.Client(base_url=console.url) as browser:
        assert browser.get(link).status_code == 302
        yield browser


def cookie_of(browser: httpx.Client) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)


def opened(console: Console, browser: httpx.Client, origin: str | None) -> Live:
    headers = {"Cookie": cookie_of(browser)} | ({"Origin": origin} if origin else {})
    return Live(console.url, headers)


# Who ---------------------------------------------------------------------------------------------


def test_staff_follow_all_tenants_or_one(
    console: Console, staff: httpx.Client, client: Client
) -> None:
    with opened(console, staff, console.url) as live:
        live.follow("dashboard").of_type("patch")
        slug = client.get("/me").json()["tenant"]
        live.follow("jobs", tenant=slug).follow("queue", tenant="no-such-tenant")
        assert live.of_type("error")["code"] == "not_found"
        job_id = client.submit([{"key": "a", "engine_id": "test.a"}])["id"]
        row = live.next(lambda f: f.get("topic") == "jobs")["data"]["changed"][0]
        assert row["id"] == job_id


@pytest.mark.parametrize(
    "origin",
    [None, "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1", "null"],
)
def test_another_page_cannot_use_the_session(
    console: Console, staff: httpx.Client, origin: str | None
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(console, staff, origin and origin.format(port=console.port))
    assert refused.value.response.status_code == 403


def test_a_wrong_host_is_refused(console: Console, staff: httpx.Client) -> None:
    headers = {"Cookie": cookie_of(staff), "Origin": "http://evil.example", "Host": "evil.example"}
    with pytest.raises(InvalidStatus):
        Live(console.url, headers)


def test_who_brings_a_bad_key_is_not_helped_by_the_cookie(
    console: Console, staff: httpx.Client
) -> None:
    headers = {"Cookie": cookie_of(staff), "Origin": console.url, "Authorization": "Token x"}
    with Live(console.url, headers) as live:
        assert live.closed_with() == 4401


def test_without_a_session_it_says_so_and_closes(console: Console) -> None:
    with Live(console.url, {"Origin": console.url}) as live:
        assert live.closed_with() == 4401


def test_a_key_cannot_look_at_another_tenant(live: Live) -> None:
    assert live.follow("jobs", tenant="acme").of_type("error")["code"] == "forbidden"


def test_a_key_without_the_scope_is_refused(live: Live) -> None:
    assert live.follow("realtime").of_type("error")["code"] == "forbidden"


def test_a_place_elsewhere_is_no_socket(console: Console, client: Client) -> None:
    with pytest.raises(InvalidStatus):
        Live(console.url + "/x", {"Authorization": client.headers["Authorization"]})


# When it ends ------------------------------------------------------------------------------------


def test_a_revoked_key_is_cut(console: Console, another: Callable[[], Client]) -> None:
    client = another()
    slug = client.get("/me").json()["tenant"]
    key = f"models.ApiKey.objects.get(tenant__slug={slug!r})"
    code = f"from apps.tenants import keys, audit, models; keys.revoke({key}, audit.SYSTEM)"
    with Live.of(client) as live:
        live.of_type("hello")
        console.manage("shell", "-c", code)
        assert live.closed_with(8) == 4401


def test_a_session_that_was_logged_out_is_cut(console: Console, staff: httpx.Client) -> None:
    with opened(console, staff, console.url) as live:
        live.follow("jobs").of_type("hello")
        token = next(c.value for c in staff.cookies.jar if c.name.startswith("csrftoken"))
        answer = staff.post(
            "/console/logout", headers={"X-CSRFToken": str(token), "Referer": console.url}
        )
        assert answer.status_code < 400
        assert live.closed_with(8) == 4401


# What it may say ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frame",
    [
        "", "x", "[]", "1", "{}", '{"op": 1}', '{"op": "fly"}', '{"op": "subscribe"}',
        '{"op": "subscribe", "topic": "job:1"}', '{"op": "subscribe", "topic": 5}',
        '{"op": "subscribe", "topic": "jobs", "more": 1}', '{"op": "subscribe", "topic": "gpus "}',
        '{"op": "subscribe", "topic": "jobs", "tenant": 4}', '{"op": "ack", "beat": "1"}',
        '{"op": "subscribe", "topic": "jobs", "after": -1}', b"\x00\xff", "[" * 5000,
        '{"op": "ack", "beat": 1, "beat": 2}', '{"op": "subscribe", "topic": "jobs\\ud800"}',
    ],
)  # fmt: skip
def test_what_is_no_request_gets_an_error_and_the_socket_goes_on(
    live: Live, frame: str | bytes
) -> None:
    live.send(frame)
    assert live.of_type("error")["code"] == "bad_request"
    live.follow("queue")
    live.next(lambda frame: frame.get("topic") == "queue" and frame["type"] == "patch")


def test_who_asks_too_much_is_told_and_then_cut(live: Live) -> None:
    frame = json.dumps({"op": "unsubscribe", "topic": "jobs"})
    for _ in range(50):
        live.send(frame)
    assert live.of_type("error")["code"] == "too_many"
    with suppress(ConnectionClosed):
        for _ in range(400):
            live.send(frame)
    assert live.closed_with() == 4403


def test_a_frame_that_is_too_large_ends_the_socket(live: Live) -> None:
    live.send("x" * 70_000)
    assert live.closed_with() in {1006, 1009}


def test_a_tenant_has_fifty_sockets_and_no_more(another: Callable[[], Client]) -> None:
    client = another()
    opened = [Live.of(client) for _ in range(51)]
    try:
        assert opened[-1].closed_with() == 4403
        assert opened[-1].frames[0] == {"type": "error", "code": "too_many"}
        assert opened[0].of_type("hello")
    finally:
        for live in opened:
            live.__exit__()


def test_no_traceback_was_written(console: Console) -> None:
    for name in console.processes:
        assert "Traceback" not in console.log(name)
