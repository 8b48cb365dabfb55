"""Sessions come and go on the page at once, without waiting for a look at the clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from apps.console.live import hub as hubs
from tests.factories import make_tenant
from tests.realtime.scene import Machine, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import Settings

    from tests.live.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("topic", ["realtime", "dashboard"])
def test_a_session_shows_without_any_look(
    play: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    monkeypatch.setattr(hubs, "HEADS_SECONDS", 3600.0)
    make_tenant("acme")
    Machine()

    async def script(scene: Scene) -> None:
        await scene.follow(topic)
        await scene.until(lambda: shown(scene) == [0])
        await scene.hub.read(take)
        await scene.until(lambda: shown(scene)[-1:] == [1])

    play(script)


def test_sessions_of_others_send_a_tenant_nothing(
    play: Callable[..., Scene], settings: Settings
) -> None:
    # What a tenant is told of a worker's heartbeats changes by the clock, every half lease.
    settings.CONSOLE_LEASE_SECONDS = 3 * 10**9
    other = make_tenant("globex")
    machine = Machine(capacity=4)
    own = take()
    machine.beat(own)

    def converse() -> None:
        held = [take(other) for _ in range(2)]
        machine.beat(own, *held)
        machine.beat(own, held[0], ended={held[1].pk: "done"})

    async def script(scene: Scene) -> None:
        await scene.follow("realtime")
        await scene.until(lambda: shown(scene) == [1])
        told = len(scene.frames)
        await scene.hub.read(converse)
        await asyncio.sleep(1)
        assert [frame for frame in scene.frames[told:] if frame["type"] != "beat"] == []
        await scene.hub.read(take)
        await scene.until(lambda: shown(scene) == [1, 2])

    play(script)


def shown(scene: Scene) -> list[int]:
    bodies = [frame["data"] for frame in scene.frames if frame["type"] == "patch"]
    pools = [body.get("realtime", body) for body in bodies]
    return [pool["active_sessions"] for pool in pools]
