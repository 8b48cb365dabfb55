"""The broadcast reaches every worker process, in memory as on Redis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from kombu import Connection, Consumer

from console_project.broadcast import EXCHANGE, options, queue_of
from console_project.celery import app


class Listener:
    """A process that hears the broadcast."""

    def __init__(self, name: str) -> None:
        self.heard: list[str] = []
        self._connection: Connection = app.connection_for_read()
        self._consumer = Consumer(
            self._connection.channel(), [queue_of(name)], callbacks=[self._hear], accept=["json"]
        )
        self._consumer.consume()

    def _hear(self, _body: object, message: Any) -> None:
        message.ack()
        self.heard.append(message.headers["task"])

    def listen(self, seconds: float = 2.0) -> list[str]:
        """What comes within so long; at once when something has."""
        try:
            while not self.heard:
                self._connection.drain_events(timeout=seconds)
        except TimeoutError:
            pass
        return self.heard

    def close(self) -> None:
        self._consumer.cancel()
        self._connection.release()


@pytest.fixture
def listeners() -> Iterator[list[Listener]]:
    found = [Listener("a"), Listener("b")]
    for listener in found:
        # Subscribing is complete once the connection was read for the first time.
        listener.listen(0.2)
    yield found
    for listener in found:
        listener.close()


def send(**how: Any) -> None:
    with app.connection_for_write() as connection, connection.Producer() as producer:
        app.send_task("cards.sample", producer=producer, **how)


def test_every_process_hears_what_is_broadcast(listeners: list[Listener]) -> None:
    send(**options(5))
    assert [listener.listen() for listener in listeners] == [["cards.sample"]] * 2


def test_beat_broadcasts_once_a_period() -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["cards"]
    assert (entry["task"], entry["schedule"]) == ("cards.sample", 5.0)
    assert entry["options"] == options(5)


@pytest.mark.service
def test_sent_without_the_exchange_it_reaches_nobody_on_redis(listeners: list[Listener]) -> None:
    send(**options(5) | {"declare": [], "exchange_type": "direct"})
    assert [listener.listen(1.0) for listener in listeners] == [[], []]


def test_the_exchange_hands_out_to_all() -> None:
    assert (EXCHANGE.type, queue_of("a").name != queue_of("b").name) == ("fanout", True)
