"""The hub lives on when its parts die, and notices what no hint told of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from apps.console.live import frames, reading, subscribe
from apps.console.live import hub as hubs
from apps.console.live.frames import Asked
from apps.console.live.hub import Hub
from apps.tenants import hints, sockets
from tests.factories import make_tenant
from tests.tasks.jobs import make_job, run_all, task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


def test_events_come_in_order_without_a_gap(play: Callable[..., Scene]) -> None:
    job = make_job(task("a"), task("b", "a"), tenant=make_tenant("acme"))

    async def script(scene: Scene) -> None:
        await scene.follow(f"job:{job.id}", after=0)
        await scene.hub.read(run_all)
        await scene.until(lambda: len(scene.seqs()) == 3)

    assert play(script).seqs() == [1, 2, 3]


def test_a_lost_hint_is_made_up_for(
    play: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(tenant=make_tenant("acme"))

    async def script(scene: Scene) -> None:
        monkeypatch.setattr(hints, "jobs_changed", lambda changes: None)
        await scene.follow(f"job:{job.id}", after=0)
        await scene.follow("jobs")
        await asyncio.sleep(0.3)
        await scene.hub.read(run_all)
        await scene.until(lambda: len(scene.seqs()) == 2)
        await scene.until(lambda: any(f.get("topic") == "jobs" for f in scene.frames))

    play(script)


def test_a_listener_that_dies_is_started_anew(play: Callable[..., Scene]) -> None:
    job = make_job(tenant=make_tenant("acme"))

    async def script(scene: Scene) -> None:
        await scene.until(lambda: scene.hub._listener)
        listener = scene.hub._listener
        assert listener is not None
        listener.cancel()
        await scene.until(lambda: scene.hub._listener is not listener)
        scene.hub._parts[3].cancel()  # Nothing but hints may tell.
        await scene.follow(f"job:{job.id}", after=0)
        await scene.hub.read(run_all)
        await scene.until(lambda: len(scene.seqs()) == 2)

    play(script)


def test_a_part_that_raises_is_started_anew(
    play: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def heads(_: object) -> dict[Any, int]:
        calls.append(1)
        raise RuntimeError("broken")

    job = make_job(tenant=make_tenant("acme"))
    monkeypatch.setattr(reading, "heads", heads)

    async def script(scene: Scene) -> None:
        await scene.follow(f"job:{job.id}", after=0)
        await scene.until(lambda: len(calls) > 2)

    play(script)


def test_beats_carry_how_far_each_topic_is(
    play: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "BEAT_SECONDS", 0.1)
    job = make_job(tenant=make_tenant("acme"))
    topic = f"job:{job.id}"

    def last_head(scene: Scene) -> int:
        beats = [frame for frame in scene.frames if frame["type"] == "beat"]
        return beats[-1]["heads"].get(topic, 0) if beats else 0

    async def script(scene: Scene) -> None:
        await scene.follow(topic, after=0)
        await scene.hub.read(run_all)
        await scene.until(lambda: last_head(scene) == 2)

    play(script)


def test_no_beat_comes_when_hints_do_not_travel(
    play: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "BEAT_SECONDS", 0.05)

    async def script(scene: Scene) -> None:
        await scene.until(lambda: scene.hub._listener)
        scene.hub._hear = lambda message: None  # type: ignore[method-assign]
        for _ in range(10):
            scene.frames.clear()
            await asyncio.sleep(0.5)
            if not scene.frames:  # what was under way has arrived
                return

    assert not [frame for frame in play(script).frames if frame["type"] == "beat"]


def test_an_event_that_is_too_large_is_a_reset(
    play: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MOST_BYTES", 50)
    job = make_job(tenant=make_tenant("acme"))

    async def script(scene: Scene) -> None:
        topic = f"job:{job.id}"
        await scene.hub.handle(scene.seat, Asked("subscribe", topic, "job", job.id, after=1))
        await scene.hub.read(run_all)
        await scene.until(lambda: "too_large" in [f.get("reason") for f in scene.frames])

    play(script)


def test_who_has_missed_too_much_reads_anew(
    play: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscribe, "MOST_BEHIND", 1)
    job = make_job(tenant=make_tenant("acme"))
    run_all()

    async def script(scene: Scene) -> None:
        await scene.follow(f"job:{job.id}", after=0)
        await scene.until(lambda: "too_far_behind" in [f.get("reason") for f in scene.frames])

    play(script)


def test_who_may_not_look_any_more_is_cut(
    play: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(sockets, "still_welcome", lambda visitors: set())

    async def script(scene: Scene) -> None:
        await scene.until(lambda: scene.code)

    assert play(script).code == 4401


def test_a_server_that_stops_says_so(play: Callable[..., Scene]) -> None:
    async def script(scene: Scene) -> None:
        await Hub.leave()
        await scene.until(lambda: scene.code)

    assert play(script).code == 1012


def test_what_nobody_follows_is_not_read(play: Callable[..., Scene]) -> None:
    job = make_job(tenant=make_tenant("acme"))

    async def script(scene: Scene) -> None:
        await scene.follow(f"job:{job.id}")
        await scene.follow("queue")
        assert len(scene.hub._feeds) == 2
        scene.hub.dismiss(scene.seat)
        assert not scene.hub._feeds

    play(script)
