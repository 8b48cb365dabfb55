"""A program on the other end of the socket."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.consoles import Client

Frame = dict[str, Any]


class Live:
    """An open socket that acknowledges beats while it is read. Use as a context manager."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._stack = ExitStack()
        self._socket = self._stack.enter_context(
            connect(
                url.replace("http", "ws", 1) + "/ws/console",
                additional_headers=dict(headers),
                max_size=None,
                open_timeout=20,
            )
        )
        self.frames: list[Frame] = []
        self.epoch = ""

    @classmethod
    def of(cls, client: Client) -> Live:
        """With this client's key."""
        url = str(client.base_url).partition("/api/")[0]
        return cls(url, {"Authorization": client.headers["Authorization"]})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def send(self, text: str | bytes) -> None:
        """Anything at all."""
        self._socket.send(text)

    def ask(self, op: str, topic: str, **more: Any) -> None:
        """A request."""
        self.send(json.dumps({"op": op, "topic": topic, **more}))

    def follow(self, topic: str, **more: Any) -> Self:
        """Subscribe."""
        self.ask("subscribe", topic, **more)
        return self

    def next(self, wanted: Callable[[Frame], bool], seconds: float = 10) -> Frame:
        """The next frame that is wanted; those before it are kept in `frames` as well."""
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            frame: Frame = json.loads(self._socket.recv(timeout=left))
            if frame["type"] == "beat":
                self.send(json.dumps({"op": "ack", "beat": frame["beat"]}))
            if frame["type"] == "hello":
                self.epoch = str(frame["epoch"])
            self.frames.append(frame)
            if wanted(frame):
                return frame

    def of_type(self, kind: str, seconds: float = 10) -> Frame:
        """The next frame of this type."""
        return self.next(lambda frame: frame["type"] == kind, seconds)

    def all_for(self, seconds: float) -> list[Frame]:
        """Everything that comes within a while."""
        first = len(self.frames)
        try:
            self.next(lambda _: False, seconds)
        except TimeoutError:
            return self.frames[first:]
        raise AssertionError

    def events(self, topic: str) -> list[Frame]:
        """The events of a job that have come so far."""
        mine = [f for f in self.frames if f.get("topic") == topic and f["type"] == "events"]
        return [event for frame in mine for event in frame["events"]]

    def until_event(self, topic: str, kind: str, seconds: float = 20) -> list[Frame]:
        """All events of a job up to the first of this kind."""

        def there(_: Frame) -> bool:
            return any(event["type"] == kind for event in self.events(topic))

        if not there({}):
            self.next(there, seconds)
        return self.events(topic)

    def closed_with(self, seconds: float = 15) -> int:
        """The code the server closes with."""
        with pytest.raises(ConnectionClosed) as closed:
            self.all_for(seconds)
        received = closed.value.rcvd
        return received.code if received else 1006
