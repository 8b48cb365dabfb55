"""Heartbeats, which are the whole registration; and what the console answers to them."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self
from uuid import uuid4

import httpx

from yardmaster_worker.tokens import Refused, Ticket, check

LONGEST_PAUSE_SECONDS = 3.0
FIRST_RETRY_SECONDS = 0.5
AGAIN = frozenset({429, 500, 502, 503, 504})
"""The console is away or busy: what was said is said again."""


class Left(Exception):
    """The console wants this worker no more: its key is refused, or a newer boot has its name."""


class Held:
    """A session whose client is here. `over` is set when the console wants it ended."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.over = asyncio.Event()


class Worker:
    """A worker of `capacity` places at `endpoint`. Use as an async context manager: it registers,
    sends heartbeats for as long as it is open, and leaves in order.

    `node` is the machine as batch workers and cards call it. `on_drain` is called once with each
    change of mind: no new sessions come while it is True.
    """

    def __init__(
        self,
        console: str,
        key: str,
        name: str,
        *,
        endpoint: str,
        models: Sequence[str],
        capacity: int,
        node: str = "",
        on_drain: Callable[[bool], None] | None = None,
    ) -> None:
        self.id = ""
        self.draining = False
        self._path = f"/workers/{name}"
        self._facts: dict[str, Any] = {
            "kind": "realtime",
            "boot_id": str(uuid4()),
            "endpoint": endpoint,
            "models": list(models),
            "capacity": capacity,
            "node": node or socket.gethostname(),
            "pid": os.getpid(),
        }
        self._http = httpx.AsyncClient(
            base_url=f"{console.rstrip('/')}/api/console",
            headers={"Authorization": f"Token {key}"},
            timeout=10,
        )
        self._on_drain = on_drain or (lambda _: None)
        self._number = 0
        self._held: dict[str, Held] = {}
        self._ended: dict[str, str] = {}
        self._keys: list[dict[str, Any]] = []
        self._pause = LONGEST_PAUSE_SECONDS
        self._changed = asyncio.Event()
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._beat_until_heard()
        except BaseException:
            await self._http.aclose()
            raise
        self._beating = asyncio.create_task(self._beat_on())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._beating is not None:
            self._beating.cancel()
            with suppress(asyncio.CancelledError, Left):
                await self._beating
        with suppress(httpx.TransportError):
            await self._http.delete(self._path, params={"boot_id": self._facts["boot_id"]})
        await self._http.aclose()

    async def stays(self) -> None:
        """Until the console wants this worker no more. Raises Left."""
        if self._beating is not None:
            await asyncio.shield(self._beating)

    @contextmanager
    def hold(self, token: str) -> Iterator[Held]:
        """A client has come with this token; it goes when the block ends. Raises Refused."""
        ticket = check(token, self.id, self._keys)
        if ticket.session in self._held:
            raise Refused("its session is already here")
        held = self._held[ticket.session] = Held(ticket)
        self._changed.set()
        reason = "client left"
        try:
            yield held
        except BaseException as error:
            reason = f"worker failed: {type(error).__name__}"
            raise
        finally:
            del self._held[ticket.session]
            self._ended[ticket.session] = "told to end" if held.over.is_set() else reason
            self._changed.set()

    async def _beat_on(self) -> None:
        while True:
            # Not `wait_for`: Python 3.11's loses a cancel that comes together with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._changed.wait()
            await self._beat_until_heard()

    async def _beat_until_heard(self) -> None:
        retry = FIRST_RETRY_SECONDS
        while True:
            try:
                await self._beat()
            except (httpx.TransportError, _Away):
                await asyncio.sleep(retry)
                retry = min(retry * 2, self._pause)
            else:
                return

    async def _beat(self) -> None:
        self._changed.clear()
        self._number += 1
        listed, ended = set(self._held), dict(self._ended)
        said = self._facts | {
            "number": self._number,
            "status": "ready",
            "sessions": sorted(listed),
            "ended": [{"id": id_, "reason": reason} for id_, reason in ended.items()],
        }
        answer = await self._http.put(self._path, json=said)
        if answer.status_code in AGAIN:
            raise _Away
        if answer.is_error:
            raise Left(f"{answer.status_code}: {answer.text[:500]}")
        for id_ in ended:
            del self._ended[id_]
        self._hear(answer.json(), listed)

    def _hear(self, answer: dict[str, Any], listed: set[str]) -> None:
        self.id = answer["id"]
        self._keys = answer["token_keys"]
        self._pause = min(LONGEST_PAUSE_SECONDS, answer["lease_seconds"] / 3)
        # One that has come since we spoke is not in the answer, and is no mistake.
        for id_ in listed - {session["id"] for session in answer["sessions"]}:
            if id_ in self._held:
                self._held[id_].over.set()
        if answer["drain"] != self.draining:
            self.draining = answer["drain"]
            self._on_drain(self.draining)


class _Away(Exception):
    """No answer to this heartbeat."""
