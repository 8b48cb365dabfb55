"""The cards on the socket: for staff alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apps.tenants import keys
from apps.tenants.sockets import Visitor
from tests.cards.scene import card, see

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live.scene import Scene

pytestmark = pytest.mark.django_db(transaction=True)


def test_staff_follow_the_cards(play: Callable[..., Scene]) -> None:
    see(card())

    async def script(scene: Scene) -> None:
        scene.seat.visitor = Visitor("session", "ada", None, frozenset(keys.SCOPES))
        await scene.follow("gpus")
        await scene.until(lambda: any(f.get("topic") == "gpus" for f in scene.frames))

    (frame,) = [f for f in play(script).frames if f.get("topic") == "gpus"]
    (node,) = frame["data"]["nodes"]
    assert (frame["type"], node["cards"][0]["used_mb"]) == ("patch", 1000)


def test_a_tenant_may_not_follow_them(play: Callable[..., Scene]) -> None:
    async def script(scene: Scene) -> None:
        await scene.follow("gpus")
        await scene.until(lambda: any(f["type"] == "error" for f in scene.frames))

    codes = [f["code"] for f in play(script).frames if f["type"] == "error"]
    assert codes == ["forbidden"]
