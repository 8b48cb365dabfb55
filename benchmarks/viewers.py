"""Pages that follow a job over the live socket, as many as one likes."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import websockets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.consoles import Console

SEATS_OF_ONE = 50
"""A user may have so many sockets: many sockets need several users."""
PATIENCE_SECONDS = 30.0
_USERS = """
from apps.tenants import links
from apps.tenants.models import User
for n in range({number}):
    user, _ = User.objects.get_or_create(username=f"viewer{{n}}", is_staff=True, is_superuser=True)
    print(links.make(user))
"""


@dataclass
class Viewer:
    """A page that follows one job: what it has seen, and how late."""

    url: str
    headers: dict[str, str]
    seqs: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    opened: int = 0
    failures: int = 0
    received: int = 0

    def connect(self, **options: Any) -> Any:
        """A socket of this page's user."""
        address = self.url.replace("http", "ws", 1) + "/ws/console"
        headers = self.headers | {"Origin": self.url}
        return websockets.connect(address, additional_headers=headers, open_timeout=30, **options)

    async def follow(self, job_id: str, last: int, cuts: float = 0.0) -> None:
        """Until event number `last` is seen; comes back where it was after each cut."""
        while not self.seqs or self.seqs[-1] < last:
            try:
                await self._once(job_id, last, cuts)
            except (OSError, websockets.WebSocketException, TimeoutError):
                self.failures += 1
                await asyncio.sleep(random.uniform(0.1, 0.5))

    async def _once(self, job_id: str, last: int, cuts: float) -> None:
        async with self.connect() as ws:
            self.opened += 1
            after = self.seqs[-1] if self.seqs else 0
            await ws.send(json.dumps({"op": "subscribe", "topic": f"job:{job_id}", "after": after}))
            until = time.monotonic() + (random.expovariate(cuts) if cuts else 1e9)
            while self.seqs[-1:] != [last] and (left := until - time.monotonic()) > 0:
                try:
                    text = await asyncio.wait_for(ws.recv(), min(left, 60))
                except TimeoutError:
                    continue
                await self._take(ws, str(text))

    async def _take(self, ws: Any, text: str) -> None:
        now = time.time()
        self.received += len(text)
        frame = json.loads(text)
        if frame["type"] == "beat":
            await ws.send(json.dumps({"op": "ack", "beat": frame["beat"]}))
        for event in frame.get("events", ()):
            self.seqs.append(event["seq"])
            self.delays.append(now - datetime.fromisoformat(event["at"]).timestamp())


def links(console: Console, number: int) -> list[str]:
    """A login link for each of so many staff users."""
    tokens = console.manage("shell", "-c", _USERS.format(number=number)).split()[-number:]
    return [f"/console/link/{token}" for token in tokens]


def viewers(console: Console, number: int) -> list[Viewer]:
    """So many sockets of as few staff users as may have them."""
    users = -(-number // SEATS_OF_ONE)
    headers = []
    for link in links(console, users):
        with httpx.Client(base_url=console.url) as browser:
            browser.get(link)
            cookie = "; ".join(f"{c.name}={c.value}" for c in browser.cookies.jar)
        headers.append({"Cookie": cookie})
    return [Viewer(console.urls[n % len(console.urls)], headers[n % users]) for n in range(number)]


def ticking(steps: int, pause: float) -> list[dict[str, Any]]:
    """A chain that has two events a step, one as it begins and one as it ends."""
    return [
        {
            "key": f"t{n}",
            "engine_id": "test.a",
            "config": {"seconds": pause},
            "depends_on": [f"t{n - 1}"] if n else [],
        }
        for n in range(steps)
    ]


def watch(console: Console, seen: Sequence[Viewer], steps: int, pause: float, cuts: float) -> int:
    """Let them all follow one job to its end; the number of its last event."""
    client = console.tenant(f"live-{random.randrange(10**9)}")
    first = {"key": "wait", "engine_id": "test.a", "config": {"seconds": 2 + len(seen) / 100}}
    chain = ticking(steps, pause)
    chain[0]["depends_on"] = ["wait"]
    job_id = client.submit([first, *chain])["id"]

    async def run() -> None:
        ends = asyncio.ensure_future(asyncio.to_thread(client.ended, job_id, 600))
        last: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        tasks = [asyncio.ensure_future(viewer.follow(job_id, 10**9, cuts)) for viewer in seen]
        last.set_result((await ends)["seq"])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if all(viewer.seqs[-1:] == [last.result()] for viewer in seen):
                break
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()

    asyncio.run(run())
    return int(client.job(job_id)["seq"])


def missing(seen: Sequence[Viewer], last: int) -> tuple[int, int]:
    """How many events were not seen, and how many more than once."""
    whole = set(range(1, last + 1))
    lost = sum(len(whole - set(viewer.seqs)) for viewer in seen)
    return lost, sum(len(viewer.seqs) - len(set(viewer.seqs)) for viewer in seen)
