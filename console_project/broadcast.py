"""The broadcast to every worker process: an exchange of its own, and a queue for each listener."""

from __future__ import annotations

from typing import Any

from kombu import Exchange, Queue

ROUTING_KEY = "sample"
EXCHANGE = Exchange("cards", type="fanout", durable=False)


def queue_of(listener: str) -> Queue:
    """Where one listener hears what is broadcast; gone with it."""
    return Queue(
        f"cards.{listener}", EXCHANGE, routing_key=ROUTING_KEY, durable=False, auto_delete=True
    )


def options(seconds: float) -> dict[str, Any]:
    """How a message is sent so that all hear it; nobody does who hears it later than so.

    The exchange is declared with each: sent by a queue's name, or to an exchange whose type the
    sender does not know, a message reaches everybody in memory and nobody on Redis.
    """
    return {
        "exchange": EXCHANGE.name,
        "exchange_type": EXCHANGE.type,
        "routing_key": ROUTING_KEY,
        "declare": [EXCHANGE],
        "expires": seconds,
    }
