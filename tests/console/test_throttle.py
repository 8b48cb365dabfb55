"""Quotas a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.test import Client

from apps.console.api.throttle import (
    COUNTER,
    KeyThrottle,
    MinuteCounter,
    QuotaExceeded,
    check_submit_quota,
    submit_usage,
)
from tests.factories import key_client, make_tenant, staff_client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.tenants.probe")]

FILES = "/api/probe/files"


@pytest.fixture(autouse=True)
def _fresh_counts() -> Iterator[None]:
    COUNTER.reset()
    yield
    COUNTER.reset()


@pytest.fixture
def two_a_minute(settings: Any) -> None:
    settings.CONSOLE_REQUESTS_PER_MINUTE = 2


def statuses(client: Client, number: int = 3) -> list[int]:
    return [client.get(FILES).status_code for _ in range(number)]


@pytest.mark.usefixtures("two_a_minute")
def test_one_request_too_many_is_429_and_names_the_quota() -> None:
    client = key_client()
    assert statuses(client) == [200, 200, 429]
    answer = client.get(FILES)
    assert 0 < int(answer["Retry-After"]) <= 60
    assert "requests_per_minute" in answer.json()["errors"][0]["detail"]


@pytest.mark.usefixtures("two_a_minute")
def test_each_key_and_each_staff_user_has_its_own_count() -> None:
    assert statuses(key_client()) == [200, 200, 429]
    assert statuses(key_client()) == [200, 200, 429]
    assert statuses(staff_client()) == [200, 200, 429]


@pytest.mark.usefixtures("two_a_minute")
def test_without_the_throttle_everything_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KeyThrottle, "allow_request", lambda *_: True)
    assert statuses(key_client()) == [200, 200, 200]


def test_a_tenant_submits_so_often_a_minute() -> None:
    acme = make_tenant(max_submits_per_minute=2)
    check_submit_quota(acme)
    check_submit_quota(acme)
    with pytest.raises(QuotaExceeded, match="max_submits_per_minute"):
        check_submit_quota(acme)
    check_submit_quota(make_tenant("globex", max_submits_per_minute=2))


def test_a_quota_of_zero_lets_nothing_through() -> None:
    with pytest.raises(QuotaExceeded):
        check_submit_quota(make_tenant(max_submits_per_minute=0))


def test_no_quota_is_never_used_up() -> None:
    acme = make_tenant()
    for _ in range(5):
        check_submit_quota(acme)
    assert submit_usage(acme) is None


def test_the_usage_says_how_much_and_until_when() -> None:
    acme = make_tenant(max_submits_per_minute=2)
    check_submit_quota(acme)
    usage = submit_usage(acme)
    assert usage is not None
    assert (usage.limit, usage.used) == (2, 1)
    assert usage.resets_at is not None
    assert 0 < usage.resets_at.timestamp() - time.time() <= 60


def test_without_redis_everything_passes_quickly(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    counter = MinuteCounter()
    began = time.monotonic()
    for _ in range(20):
        counter.hit("quota", "acme", 1)
    assert counter.usage("quota", "acme", 1).used == 0
    assert time.monotonic() - began < 1


def test_threads_that_count_at_once_all_count(settings: Any) -> None:
    """Each round begins just after the library's timer has ended: one of them starts it anew."""
    settings.REDIS_URL = ""
    counter, barrier, rounds = MinuteCounter(), Barrier(8), 40

    def count() -> None:
        for _ in range(rounds):
            barrier.wait(10)
            counter.hit("q", "someone", 1000)
            time.sleep(0.012)

    switches = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(count) for _ in range(8)]:
                future.result()
    finally:
        sys.setswitchinterval(switches)
    assert counter.usage("q", "someone", 1000).used == 8 * rounds
