"""A server for `test_serving`: answers with how long the body was, prints its port when ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Count the body."""
    total, more = 0, True
    while more:
        message = await receive()
        total += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = str(total).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    import daphne.server  # noqa: F401
    import django

    django.setup()

    from twisted.internet import reactor

    from apps.console.serving import make_server

    loop: Any = reactor

    def say_port() -> None:
        sys.stdout.write(f"{server.listening_addresses[0][1]}\n")
        sys.stdout.flush()

    server = make_server(
        "127.0.0.1",
        0,
        application,
        ready=lambda: loop.callWhenRunning(say_port),
    )
    server.run()


if __name__ == "__main__":
    main()
