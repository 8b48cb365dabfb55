"""`/ws/console`: one socket of a page or a program, from its first message to its last."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError

from apps.console.live import frames
from apps.console.live.hub import GONE, Hub
from apps.console.live.seat import Seat
from apps.tenants import sockets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

PATH = "/ws/console"
FORBIDDEN, TRY_LATER = 4403, 1013
MESSAGES_A_SECOND = 5.0
BURST = 30.0
PATIENCE = 100
"""A client that goes on after so many refusals is cut off."""


async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The ASGI application for sockets. What is not ours is refused before the handshake ends."""
    headers = sockets.headers_of(scope)
    await receive()
    if scope["path"] != PATH or not sockets.is_welcome_from(scope, headers):
        await send({"type": "websocket.close", "code": FORBIDDEN})
        return
    hub = Hub.here()
    try:
        visitor = await hub.read(sockets.visitor, headers)
    except DatabaseError:
        await _refuse(send, TRY_LATER)
        return
    if visitor is None:
        # Accepted first: a browser tells its page nothing about a handshake that failed.
        await _refuse(send, GONE)
        return
    await send({"type": "websocket.accept"})
    seat = Seat(visitor, _text(send), _closing(send))
    if not hub.admit(seat):
        await _text(send)(frames.error("too_many"))
        await send({"type": "websocket.close", "code": FORBIDDEN})
        return
    writer = asyncio.ensure_future(_write(seat))
    try:
        await _listen(hub, seat, receive)
    finally:
        hub.dismiss(seat)
        writer.cancel()


async def _write(seat: Seat) -> None:
    try:
        await seat.write()
    except Exception:
        # A frame was lost: the client comes again and is told what it missed.
        logger.exception("live_frame_not_sent")
        seat.close(TRY_LATER)
        await seat.write()


async def _refuse(send: Any, code: int) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code})


async def _listen(hub: Hub, seat: Seat, receive: Any) -> None:
    allowance = _Allowance()
    while (message := await receive())["type"] == "websocket.receive":
        if not allowance.take():
            seat.put(frames.error("too_many"))
            if allowance.refused > PATIENCE:
                seat.close(FORBIDDEN)
            continue
        try:
            await hub.handle(seat, frames.read(message.get("text")))
        except frames.BadFrame as bad:
            seat.put(frames.error("bad_request", bad.topic))
        except Exception as error:  # noqa: BLE001 - the database is away, or what was asked is gone
            logger.warning("live_request_failed", extra={"cause": repr(error)})
            seat.close(TRY_LATER)


class _Allowance:
    """So many messages a second, and a burst of more. An acknowledgement costs one as well."""

    def __init__(self) -> None:
        self._left = BURST
        self._at = time.monotonic()
        self.refused = 0

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(BURST, self._left + (now - self._at) * MESSAGES_A_SECOND)
        self._at = now
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        return True


def _text(send: Any) -> Callable[[bytes], Awaitable[None]]:
    async def send_text(frame: bytes) -> None:
        # A socket that is gone says so to the reader.
        with suppress(OSError):
            await send({"type": "websocket.send", "text": frame.decode()})

    return send_text


def _closing(send: Any) -> Callable[[int], Awaitable[None]]:
    async def close(code: int) -> None:
        with suppress(OSError, RuntimeError):
            await send({"type": "websocket.close", "code": code})

    return close
