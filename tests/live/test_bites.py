"""Each protection of the hub taken away is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from apps.console.live import hub as hubs
from apps.console.live import seat as seats
from apps.console.live import subscribe
from apps.console.live.frames import Asked
from apps.console.live.hub import Hub
from apps.tenants import hints
from tests.factories import make_tenant
from tests.live.scene import Scene
from tests.tasks.jobs import make_job, run_all, task

pytestmark = pytest.mark.django_db(transaction=True)

Script = Callable[[Scene], Awaitable[None]]
Play = Callable[[Script], Scene]


def follows_from_the_start(play: Play) -> bool:
    job = make_job(task("a"), tenant=make_tenant("acme"))
    run_all()

    async def script(scene: Scene) -> None:
        await scene.follow(f"job:{job.id}", after=0)
        await scene.until(lambda: scene.seqs() == [1, 2], seconds=1)

    return succeeds(play, script)


def outlives_its_listener(play: Play) -> bool:
    job = make_job(tenant=make_tenant("acme"))

    async def script(scene: Scene) -> None:
        await scene.until(lambda: scene.hub._listener)
        listener = scene.hub._listener
        assert listener is not None
        listener.cancel()
        scene.hub._parts[3].cancel()  # Nothing but hints may tell.
        await scene.follow(f"job:{job.id}", after=0)
        await asyncio.sleep(0.1)
        await scene.hub.read(run_all)
        await scene.until(lambda: len(scene.seqs()) == 2, seconds=1)

    return succeeds(play, script)


def cuts_a_reader_that_stalls(play: Play) -> bool:
    async def script(scene: Scene) -> None:
        scene.seat.acknowledge = lambda beat: None  # type: ignore[method-assign]
        await scene.until(lambda: scene.code == seats.TOO_SLOW, seconds=2)

    return succeeds(play, script)


def succeeds(play: Play, script: Script) -> bool:
    try:
        play(script)
    except TimeoutError:
        return False
    return True


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubs, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(hubs, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(seats, "SILENT_SECONDS", 0.2)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize(
    "holds", [follows_from_the_start, outlives_its_listener, cuts_a_reader_that_stalls]
)
def test_all_holds_while_nothing_is_taken_away(play: Play, holds: Callable[[Play], bool]) -> None:
    assert holds(play)


def test_without_resuming_events_are_missed(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    follow = subscribe._follow_job

    async def anew(hub: Hub, seat: seats.Seat, asked: Asked, tenant: Any) -> None:
        await follow(hub, seat, replace(asked, after=None), tenant)

    monkeypatch.setattr(subscribe, "_follow_job", anew)
    assert not follows_from_the_start(play)


def test_without_supervision_a_dead_listener_ends_all(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def once(part: Callable[[], Awaitable[None]]) -> None:
        await part()

    monkeypatch.setattr(hubs, "_supervise", once)
    assert not outlives_its_listener(play)


@pytest.mark.usefixtures("_quick")
def test_without_beats_a_stalled_reader_stays(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "beat", lambda epoch: None)
    assert not cuts_a_reader_that_stalls(play)
