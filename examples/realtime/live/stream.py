"""A client: opens a session, streams a recording to its worker, prints what comes back.

The key is in $YARDMASTER_KEY. `--speed 1` streams as one speaks; 0 as fast as it goes.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import av
import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

RATE = 16_000
CLOSED_WELL = 1000
PIECE_SECONDS = 0.1
PIECE_BYTES = int(RATE * PIECE_SECONDS) * 2


@dataclass
class Transcript:
    """What came back: the final utterances, and after how long the first word was heard."""

    finals: list[str] = field(default_factory=list)
    first_seconds: float | None = None

    @property
    def text(self) -> str:
        return " ".join(self.finals)


def pieces(path: Path, seconds: float) -> Iterator[bytes]:
    """A recording as 16 kHz mono 16-bit PCM, a tenth of a second at a time, up to `seconds`."""
    rest = b""
    left = int(seconds / PIECE_SECONDS)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                rest += bytes(part.planes[0])[: part.samples * 2]
            while len(rest) >= PIECE_BYTES and left > 0:
                yield rest[:PIECE_BYTES]
                rest, left = rest[PIECE_BYTES:], left - 1
            if left <= 0:
                return
    yield rest


async def converse(
    endpoint: str, token: str, path: Path, *, speed: float, seconds: float, quiet: bool = False
) -> Transcript:
    """Stream the recording to a worker; what it heard."""
    found = Transcript()
    async with connect(endpoint) as socket:
        await socket.send(json.dumps({"token": token}))
        began = time.monotonic()
        sending = asyncio.create_task(_send(socket, path, speed, seconds))
        async for message in _messages(socket):
            heard = json.loads(message)
            if found.first_seconds is None:
                found.first_seconds = time.monotonic() - began
            if heard["kind"] == "final":
                found.finals.append(heard["text"])
            if not quiet:
                mark = "·" if heard["kind"] == "partial" else "▸"
                print(f"{heard['at']:7.2f} s {mark} {heard['text']}", flush=True)
        await sending
    if socket.close_code != CLOSED_WELL:
        raise SystemExit(f"stream: the worker was lost: {socket.close_reason or socket.close_code}")
    return found


async def _messages(socket: ClientConnection) -> AsyncIterator[str | bytes]:
    """Until the worker says goodbye, or says nothing more."""
    with suppress(ConnectionClosed):
        async for message in socket:
            yield message


async def _send(socket: ClientConnection, path: Path, speed: float, seconds: float) -> None:
    began = time.monotonic()
    for number, piece in enumerate(pieces(path, seconds)):
        if speed:
            await asyncio.sleep(max(0.0, began + number * PIECE_SECONDS / speed - time.monotonic()))
        if socket.close_code is not None:
            return
        if piece:
            await _offer(socket, piece)
    await _offer(socket, b"")


async def _offer(socket: ClientConnection, piece: bytes) -> None:
    # Whoever listens hears why it was closed.
    with suppress(ConnectionClosed):
        await socket.send(piece)


async def run(options: argparse.Namespace) -> Transcript:
    """Open, stream, release."""
    headers = {"Authorization": f"Token {os.environ['YARDMASTER_KEY']}"}
    async with httpx.AsyncClient(
        base_url=f"{options.console.rstrip('/')}/api/console", headers=headers, timeout=30
    ) as http:
        answer = await http.post("/realtime/sessions", json={"model": options.model})
        if answer.is_error:
            raise SystemExit(f"stream: no session: {answer.text}")
        session = answer.json()
        endpoint = session["worker"]["endpoint"]
        print(f"session {session['id']} at {endpoint}", flush=True)
        try:
            return await converse(
                endpoint, session["token"], options.audio,
                speed=options.speed, seconds=options.seconds,
            )  # fmt: skip
        finally:
            await http.delete(f"/realtime/sessions/{session['id']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path)
    parser.add_argument("--console", required=True, metavar="URL")
    parser.add_argument("--model", default="en")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=3600.0, help="stop after so much audio")
    transcript = asyncio.run(run(parser.parse_args()))
    first = transcript.first_seconds
    print(f"\n{transcript.text}")
    print(f"first words after {first:.1f} s" if first is not None else "nothing was heard")
    raise SystemExit(0 if transcript.text else 1)
