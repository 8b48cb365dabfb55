"""Hints reach the hub from every thread, and their way is mended when it breaks."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers

from apps.tenants import hints

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY = 2_000


@pytest.fixture
def layer() -> Iterator[InMemoryChannelLayer]:
    """The layer of the embedded console, whatever the settings say."""
    mine = InMemoryChannelLayer()
    former = channel_layers.set("default", mine)
    yield mine
    channel_layers.set("default", former)


@pytest.fixture(autouse=True)
def publisher(monkeypatch: pytest.MonkeyPatch) -> hints.Publisher:
    mine = hints.Publisher()
    monkeypatch.setattr(hints, "PUBLISHER", mine)
    return mine


async def heard(layer: Any, enough: Any) -> list[dict[str, Any]]:
    channel = await layer.new_channel()
    await layer.group_add(hints.GROUP, channel)
    found: list[dict[str, Any]] = []
    while not enough(found):
        found.append(await asyncio.wait_for(layer.receive(channel), 5))
    return found


def jobs_in(messages: list[dict[str, Any]]) -> dict[str, int]:
    return {job: seq for message in messages for job, _, seq in message["jobs"]}


def test_of_two_thousand_from_other_threads_none_is_lost(
    layer: Any, publisher: hints.Publisher
) -> None:
    ids, tenant = [uuid4() for _ in range(MANY)], uuid4()

    def publish(part: list[Any]) -> None:
        for job_id in part:
            hints.jobs_changed([(job_id, tenant, 1)])

    async def run() -> dict[str, int]:
        publisher.attach(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(heard(layer, lambda found: len(jobs_in(found)) == MANY))
        await asyncio.sleep(0)
        threads = [threading.Thread(target=publish, args=[ids[n::4]]) for n in range(4)]
        for thread in threads:
            thread.start()
        return jobs_in(await waiting)

    assert set(asyncio.run(run(), debug=True)) == {job_id.hex for job_id in ids}


def test_hints_of_a_moment_travel_together(layer: Any, publisher: hints.Publisher) -> None:
    job_id, tenant = uuid4(), uuid4()

    async def run() -> list[dict[str, Any]]:
        publisher.attach(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(
            heard(layer, lambda found: jobs_in(found) == {job_id.hex: 99})
        )
        for seq in range(100):
            hints.jobs_changed([(job_id, tenant, seq)])
        return await waiting

    assert len(asyncio.run(run())) <= 3


def test_too_many_at_once_only_say_that_much_has_changed(
    layer: Any, publisher: hints.Publisher
) -> None:
    async def run() -> list[dict[str, Any]]:
        publisher.attach(asyncio.get_running_loop())
        waiting = asyncio.ensure_future(heard(layer, bool))
        hints.jobs_changed([(uuid4(), uuid4(), 1) for _ in range(hints.MOST + 1)])
        return await waiting

    (message,) = asyncio.run(run())
    assert (message["jobs"], message["much"]) == ([], True)


def test_a_broken_layer_harms_nobody(
    publisher: hints.Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        async def group_send(self, *_: object) -> None:
            raise ConnectionError("away")

    former = channel_layers.set("default", Broken())

    async def run() -> None:
        publisher.attach(asyncio.get_running_loop())
        hints.log_grew(uuid4())
        await asyncio.sleep(0.1)
        hints.log_grew(uuid4())
        await asyncio.sleep(0.1)

    try:
        asyncio.run(run())
    finally:
        channel_layers.set("default", former)


def test_where_nobody_serves_pages_nothing_is_kept(
    publisher: hints.Publisher, settings: Any
) -> None:
    settings.REDIS_URL = None
    for _ in range(10):
        hints.jobs_changed([(uuid4(), uuid4(), 1)])
    assert publisher._hints == hints.Hints()
