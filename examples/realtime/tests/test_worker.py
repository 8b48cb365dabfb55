import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Site
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from live.server import OVER, REFUSED, Transcriber
from live.stream import converse
from yardmaster_worker import Left, Worker

SOON_SECONDS = 20


class Tenant:
    """What a tenant asks the console."""

    def __init__(self, site: Site) -> None:
        headers = {"Authorization": f"Token {site.key}"}
        self.http = httpx.AsyncClient(base_url=f"{site.url}/api/console", headers=headers)

    async def opens(self) -> dict[str, Any]:
        answer = await self.http.post("/realtime/sessions", json={"model": "en"})
        assert answer.status_code == 201, answer.text
        session: dict[str, Any] = answer.json()
        return session

    async def becomes(self, session: dict[str, Any], status: str) -> dict[str, Any]:
        async with asyncio.timeout(SOON_SECONDS):
            while True:
                answer = await self.http.get(f"/realtime/sessions/{session['id']}")
                found: dict[str, Any] = answer.json()
                if found["status"] == status:
                    return found
                await asyncio.sleep(0.05)


@asynccontextmanager
async def pool(site: Site, name: str) -> AsyncIterator[Tenant]:
    """A worker of two places with its server, and the tenant that uses it."""
    late: list[Transcriber] = []

    async def one(socket: Any) -> None:
        await late[0].serve(socket)

    async with serve(one, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        worker = Worker(
            site.url, site.worker_key, name,
            endpoint=f"ws://127.0.0.1:{port}", models=["en"], capacity=2,
        )  # fmt: skip
        late.append(Transcriber(worker, 2))
        async with worker:
            tenant = Tenant(site)
            yield tenant
            await tenant.http.aclose()


def played(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 120))


def test_what_is_said_comes_back_as_text(site: Site, recording: Path) -> None:
    async def scene() -> None:
        async with pool(site, "asr-1") as tenant:
            session = await tenant.opens()
            endpoint, token = session["worker"]["endpoint"], session["token"]
            heard = await converse(endpoint, token, recording, speed=0, seconds=8, quiet=True)
            assert "in his power" in heard.text
            ended = await tenant.becomes(session, "ended")
            assert ended["end_reason"] == "client left"

    played(scene)


def test_a_released_session_is_closed_by_its_worker(site: Site) -> None:
    async def scene() -> None:
        async with pool(site, "asr-2") as tenant:
            session = await tenant.opens()
            async with connect(session["worker"]["endpoint"]) as socket:
                await socket.send(json.dumps({"token": session["token"]}))
                await tenant.becomes(session, "active")
                await tenant.http.delete(f"/realtime/sessions/{session['id']}")
                with pytest.raises(ConnectionClosed) as closed:
                    await asyncio.wait_for(socket.recv(), SOON_SECONDS)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == OVER

    played(scene)


@pytest.mark.parametrize("first", ["nonsense", '{"token": "no token"}', "[]"])
def test_who_brings_no_good_token_is_refused(site: Site, first: str) -> None:
    async def scene() -> None:
        async with pool(site, "asr-3") as tenant:
            session = await tenant.opens()
            async with connect(session["worker"]["endpoint"]) as socket:
                await socket.send(first)
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == REFUSED

    played(scene)


def test_a_session_has_one_client_at_a_time(site: Site) -> None:
    async def scene() -> None:
        async with pool(site, "asr-4") as tenant:
            session = await tenant.opens()
            endpoint, said = session["worker"]["endpoint"], json.dumps({"token": session["token"]})
            async with connect(endpoint) as first, connect(endpoint) as second:
                await first.send(said)
                await tenant.becomes(session, "active")
                await second.send(said)
                with pytest.raises(ConnectionClosed):
                    await second.recv()
                await first.send(b"")
                with pytest.raises(ConnectionClosed) as closed:
                    await first.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1000

    played(scene)


def test_a_worker_that_the_console_does_not_want_says_why(site: Site) -> None:
    async def scene() -> None:
        worker = Worker(
            site.url, "ymw_wrong", "asr-5", endpoint="ws://127.0.0.1:1", models=["en"], capacity=1
        )
        with pytest.raises(Left, match="401"):
            async with worker:
                pass

    played(scene)


def test_who_leaves_in_order_is_given_no_more_sessions(site: Site) -> None:
    async def scene() -> None:
        async with pool(site, "asr-6") as tenant:
            await tenant.opens()
        late = Tenant(site)
        answer = await late.http.post("/realtime/sessions", json={"model": "en"})
        await late.http.aclose()
        assert answer.status_code == 503

    played(scene)
