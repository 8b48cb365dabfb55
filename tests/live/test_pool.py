"""Sessions come and go on the page at once, without waiting for a look at the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.console.live import hub as hubs
from tests.factories import make_tenant
from tests.realtime.scene import Machine, take

if TYPE_CHECKING:
    from collections.abc import Callable

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


def shown(scene: Scene) -> list[int]:
    bodies = [frame["data"] for frame in scene.frames if frame["type"] == "patch"]
    pools = [body.get("realtime", body) for body in bodies]
    return [pool["active_sessions"] for pool in pools]
