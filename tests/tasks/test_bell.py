"""A bell is rung quickly or not at all."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from apps.tasks import bell
from console_project.celery import app
from tests.servers import PrivateRedis

pytestmark = pytest.mark.service

MOST_SECONDS = 3.0
"""Three times what is promised: the machine may be busy."""


@pytest.fixture
def redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateRedis]:
    with PrivateRedis() as server:
        monkeypatch.setattr(app.conf, "broker_write_url", server.url)
        monkeypatch.setattr(bell, "_silent_until", 0.0)
        bell._producers.cache_clear()
        yield server
    bell._producers.cache_clear()


def seconds_to_ring() -> float:
    bell._silent_until = 0.0
    began = time.monotonic()
    bell.ring(["test.a"])
    return time.monotonic() - began


def test_a_bell_gives_up_soon_while_redis_is_frozen(redis: PrivateRedis) -> None:
    seconds_to_ring()
    redis.pause()
    assert seconds_to_ring() < MOST_SECONDS
    assert seconds_to_ring() < MOST_SECONDS


def test_a_bell_gives_up_soon_while_redis_is_down(redis: PrivateRedis) -> None:
    seconds_to_ring()
    redis.stop()
    assert seconds_to_ring() < MOST_SECONDS
    assert seconds_to_ring() < MOST_SECONDS


def test_bells_ring_again_once_redis_is_back(redis: PrivateRedis) -> None:
    seconds_to_ring()
    redis.restart()
    seconds_to_ring()
    seconds_to_ring()
    assert bell._silent_until == 0.0


def test_nothing_is_tried_for_a_while_after_a_bell_was_not_taken(redis: PrivateRedis) -> None:
    redis.stop()
    seconds_to_ring()
    redis.start()
    bell.ring(["test.a"])
    assert bell._silent_until > time.monotonic()
