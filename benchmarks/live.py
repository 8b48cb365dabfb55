"""The live socket under load: how soon an event is on many sockets, and whether one is missed."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import websockets

from benchmarks.crowd import listen
from benchmarks.viewers import SEATS_OF_ONE, Viewer, missing, ticking, viewers, watch
from tests.consoles import Console, EmbeddedConsole, ScaledConsole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECONDS = 60
CUTS_A_SECOND = 0.01
STALLED = 20
SETTLE_SECONDS = 2.0
POLL_SECONDS = 5.0
"""How often a page that has no socket asks for its dashboard."""


def _fan_out(console: Console, number: int) -> None:
    seen = viewers(console, number)
    client = console.tenant(f"fan-out-{number}")
    chain = ticking(10, 0.5)
    wait = {"key": "wait", "engine_id": "test.a", "config": {"seconds": 3 + number / 30}}
    chain[0]["depends_on"] = ["wait"]
    job_id = client.submit([wait, *chain])["id"]
    ends = ThreadPoolExecutor(1).submit(client.ended, job_id, 600)
    over_at: list[float] = []
    ends.add_done_callback(lambda _: over_at.append(time.monotonic() + SETTLE_SECONDS))
    crowd = listen(seen, job_id, lambda: bool(over_at) and time.monotonic() > over_at[0])
    last = ends.result()["seq"]
    since = max(one.since for one in crowd)
    heard = [list(one.events()) for one in crowd]
    delays = [1000 * (came - at) for one in heard for _, at, came in one if at > since]
    lost = sum(len(set(range(1, last + 1)) - {seq for seq, _, _ in one}) for one in heard)
    print(
        f"| one event to {number:,} sockets, {len(delays) // number} times "
        f"| p50 {statistics.median(delays):.0f} ms, "
        f"p99 {statistics.quantiles(delays, n=100)[98]:.0f} ms, missing {lost}, "
        f"{sum(one.bytes for one in crowd) / number / last:.0f} bytes an event and socket |",
        flush=True,
    )


def _delays(seen: Sequence[Viewer]) -> tuple[float, float]:
    """Median and p99 in ms, from the database's time of an event to its arrival."""
    delays = [1000 * d for v in seen for d, seq in zip(v.delays, v.seqs, strict=True) if seq > 3]
    return statistics.median(delays), statistics.quantiles(delays, n=100)[98]


def _cuts(console: Console, number: int, seconds: int) -> None:
    seen = viewers(console, number)
    last = watch(console, seen, steps=seconds // 2, pause=2.0, cuts=CUTS_A_SECOND)
    lost, doubled = missing(seen, last)
    print(
        f"| {number} sockets, {seconds} s, 1 % cut each second | {last} events, "
        f"{sum(v.opened for v in seen) - number} resumed, missing {lost}, doubled {doubled} |",
        flush=True,
    )


def _storm(console: Console, number: int, seconds: float) -> None:
    seen = viewers(console, min(number, 10 * SEATS_OF_ONE))
    codes: list[str] = []

    async def one(viewer: Viewer, at: float) -> None:
        await asyncio.sleep(at)
        try:
            async with viewer.connect() as ws:
                codes.append(json.loads(await ws.recv())["type"])
        except (OSError, websockets.WebSocketException, TimeoutError) as error:
            codes.append(repr(error))

    async def run() -> None:
        await asyncio.gather(
            *(one(seen[n % len(seen)], n * seconds / number) for n in range(number))
        )

    began = time.monotonic()
    asyncio.run(run())
    print(
        f"| {number:,} connections in {seconds:.0f} s | {codes.count('hello')} greeted in "
        f"{time.monotonic() - began:.1f} s, others: {set(codes) - {'hello'} or 'none'} |",
        flush=True,
    )


def _stalled(console: Console, seconds: int) -> None:
    """Readers that subscribe and then read nothing, beside others that do."""
    found = []
    for stalled in (0, STALLED):
        seen = viewers(console, 30)
        with _stall(seen[0], stalled), _memory_of(console) as peak:
            watch(console, seen, steps=seconds * 2, pause=0.5, cuts=0.0)
        found.append((*_delays(seen), peak[0]))
    (_, before, small), (_, after, large) = found
    print(
        f"| {STALLED} readers stall for {seconds} s | server's memory {small:.0f} MiB without and "
        f"{large:.0f} MiB with them, p99 of 30 others {before:.0f} and {after:.0f} ms |",
        flush=True,
    )


@contextmanager
def _stall(viewer: Viewer, number: int) -> Iterator[None]:
    async def one() -> None:
        # The library reads on by itself until this many frames wait.
        async with viewer.connect(max_queue=1) as ws:
            for topic in ("dashboard", "jobs", "queue"):
                await ws.send(json.dumps({"op": "subscribe", "topic": topic}))
            await asyncio.sleep(10**6)

    async def run() -> None:
        tasks = [asyncio.ensure_future(one()) for _ in range(number)]
        await asyncio.to_thread(over.wait)
        for task in tasks:
            task.cancel()

    over = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=[run()])
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _memory_of(console: Console) -> Iterator[list[float]]:
    """The most MiB its web process has had meanwhile."""
    pid = console.processes["web" if "web" in console.processes else "up"].pid
    peak, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(0.5):
            status = Path(f"/proc/{pid}/status").read_text()
            kib = next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]
            peak[0] = max(peak[0], int(kib) / 1024)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _pollers(console: Console, seconds: int) -> None:
    """What dashboards without a socket cost the web process."""
    spent = []
    for number in (0, 1, SEATS_OF_ONE):
        seen = viewers(console, number) if number else []
        before = _cpu_of(console)
        asyncio.run(_poll(seen, seconds))
        spent.append(1000 * (_cpu_of(console) - before) / seconds)
    idle, one, fifty = spent
    print(
        f"| dashboards that poll every {POLL_SECONDS:.0f} s | {one - idle:.1f} ms of CPU a second "
        f"for one, {fifty - idle:.1f} ms for {SEATS_OF_ONE} (idle: {idle:.1f}) |",
        flush=True,
    )


async def _poll(seen: Sequence[Viewer], seconds: int) -> None:
    async def one(viewer: Viewer, first: float) -> None:
        headers = dict(viewer.headers)
        async with httpx.AsyncClient(base_url=viewer.url, timeout=30) as client:
            await asyncio.sleep(first)
            while time.monotonic() < until:
                answer = await client.get("/api/console/dashboard", headers=headers)
                headers["If-None-Match"] = answer.headers["ETag"]
                await asyncio.sleep(POLL_SECONDS)

    until = time.monotonic() + seconds
    await asyncio.gather(*(one(v, n * POLL_SECONDS / len(seen)) for n, v in enumerate(seen)))
    await asyncio.sleep(max(0.0, until - time.monotonic()))


def _cpu_of(console: Console) -> float:
    pid = console.processes["web" if "web" in console.processes else "up"].pid
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(*, quick: bool = False) -> None:
    """A table for the embedded console, and one for two web processes where there are services."""
    with tempfile.TemporaryDirectory() as folder:
        consoles: list[tuple[str, Console]] = [("embedded", EmbeddedConsole(Path(folder)))]
        if "DATABASE_URL" in os.environ:
            (Path(folder) / "scaled").mkdir()
            scaled = ScaledConsole(Path(folder) / "scaled", "yard_live_bench", webs=2)
            consoles.append(("PostgreSQL, Redis, two web processes", scaled))
        for name, console in consoles:
            print(f"| {name} | |\n|---|---|", flush=True)
            with console:
                _fan_out(console, 100 if quick else 1000)
                _cuts(console, 50 if quick else 500, 10 if quick else SECONDS)
                _storm(console, 100 if quick else 1000, 10.0)
                _stalled(console, 10 if quick else SECONDS)
                _pollers(console, 10 if quick else 30)
            print(flush=True)


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
