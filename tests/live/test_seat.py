"""What waits for a socket is bounded, in order, and sent no faster than it is read."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from apps.console.live import seat as seats
from apps.console.live.seat import MOST_WAITING, WINDOW, Seat
from apps.tenants.sockets import Visitor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Frame = dict[str, Any]


class Wire:
    """The other end: keeps what was sent, and what the socket was closed with."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.size = 0
        self.code: int | None = None
        self.seat = Seat(Visitor("key", "x", None, frozenset()), self.send, self.close)

    async def send(self, frame: bytes) -> None:
        self.size += len(frame)
        self.frames.append(json.loads(frame))

    async def close(self, code: int) -> None:
        self.code = code

    async def read_for(self, seconds: float) -> None:
        writer = asyncio.ensure_future(self.seat.write())
        await asyncio.sleep(seconds)
        writer.cancel()


def play(script: Callable[[Wire], Awaitable[None]]) -> Wire:
    async def run() -> Wire:
        wire = Wire()
        await script(wire)
        return wire

    return asyncio.run(run())


def text(number: int, size: int = 10) -> bytes:
    return json.dumps({"seq": number, "pad": "x" * size}).encode()


def test_events_that_wait_share_a_frame_in_their_order() -> None:
    async def script(wire: Wire) -> None:
        wire.seat.put_events("job:1", [text(1), text(2)])
        wire.seat.put_events("job:1", [text(3)])
        await wire.read_for(0.05)

    (frame,) = play(script).frames
    assert [event["seq"] for event in frame["events"]] == [1, 2, 3]


def test_of_a_board_only_the_newest_is_sent() -> None:
    async def script(wire: Wire) -> None:
        for number in range(5):
            wire.seat.put_newest("queue", b'{"n":%d}' % number)
        await wire.read_for(0.05)

    assert play(script).frames == [{"n": 4}]


def test_no_more_than_twenty_frames_a_second_after_the_first() -> None:
    async def script(wire: Wire) -> None:
        for number in range(100):
            wire.seat.put(text(number))
        await wire.read_for(0.5)

    assert 20 <= len(play(script).frames) <= 33


def test_what_a_stalled_reader_costs_is_bounded() -> None:
    async def script(wire: Wire) -> None:
        writer = asyncio.ensure_future(wire.seat.write())
        for number in range(400):
            wire.seat.put_events("job:1", [text(number, 20_000)])
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        writer.cancel()

    assert play(script).size <= WINDOW + MOST_WAITING


def test_who_acknowledges_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "FRAMES_A_SECOND", 10_000)

    async def script(wire: Wire) -> None:
        writer = asyncio.ensure_future(wire.seat.write())
        for number in range(300):
            wire.seat.put_events("job:1", [text(number, 20_000)])
            await asyncio.sleep(0.001)
            for beat in [f["beat"] for f in wire.frames if f["type"] == "beat"]:
                wire.seat.acknowledge(beat)
        await asyncio.sleep(0.1)
        writer.cancel()

    wire = play(script)
    events = [e for f in wire.frames if f["type"] == "events" for e in f["events"]]
    assert [event["seq"] for event in events] == list(range(300))


def test_what_is_left_out_is_said_with_a_reset() -> None:
    async def script(wire: Wire) -> None:
        for number in range(30):
            wire.seat.put_events("job:1", [text(number, 60_000)])
        await wire.read_for(0.1)

    assert play(script).frames[0] == {"topic": "job:1", "type": "reset", "reason": "overflow"}


def test_the_others_topics_survive_an_overflow() -> None:
    async def script(wire: Wire) -> None:
        wire.seat.put_newest("queue", b'{"n":1}')
        for number in range(30):
            wire.seat.put_events("job:1", [text(number, 60_000)])
        await wire.read_for(0.1)

    assert {"n": 1} in play(script).frames


def test_a_beat_that_is_not_acknowledged_makes_it_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "SILENT_SECONDS", 0.02)

    async def script(wire: Wire) -> None:
        wire.seat.beat({})
        await wire.read_for(0.05)
        assert wire.seat.silent
        wire.seat.acknowledge(1)
        assert not wire.seat.silent

    play(script)


def test_closing_drops_what_waits_and_says_the_code() -> None:
    async def script(wire: Wire) -> None:
        wire.seat.put(text(1))
        wire.seat.close(4401)
        wire.seat.put(text(2))
        await wire.seat.write()

    wire = play(script)
    assert (wire.frames, wire.code) == ([], 4401)
