"""The pipe between a dispatcher and its engine hosts: a 4-byte length, then JSON."""

from __future__ import annotations

import json
import struct
from typing import Any

LENGTH = struct.Struct(">I")
LARGEST = 256 * 1024 * 1024


class BrokenFrames(Exception):
    """The other side wrote something that is no frame."""


def encode(message: dict[str, Any]) -> bytes:
    """One frame."""
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    return LENGTH.pack(len(body)) + body


class FrameReader:
    """Puts frames together from whatever pieces arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The frames that are whole now."""
        self._buffer += data
        messages = []
        while len(self._buffer) >= LENGTH.size:
            (size,) = LENGTH.unpack_from(self._buffer)
            if size > LARGEST:
                raise BrokenFrames
            end = LENGTH.size + size
            if len(self._buffer) < end:
                break
            messages.append(_decode(bytes(self._buffer[LENGTH.size : end])))
            del self._buffer[:end]
        return messages


def _decode(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except ValueError as error:
        raise BrokenFrames from error
    if not isinstance(message, dict):
        raise BrokenFrames
    return message
