"""Consoles whose sockets are tried, one for each module; and hubs by themselves."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers

from apps.console.live import hub as hubs
from apps.console.live.hub import Hub
from apps.tenants import hints, sockets
from tests.consoles import Client, Console, EmbeddedConsole, ScaledConsole
from tests.factories import make_tenant
from tests.live.client import Live
from tests.live.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_numbers = itertools.count(1)


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("scaled", marks=pytest.mark.service)]
)
def console(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Console]:
    """One process on SQLite; or web and workers on PostgreSQL and Redis."""
    folder = tmp_path_factory.mktemp("live", numbered=True)
    scaled = request.param == "scaled"
    with ScaledConsole(folder, "yard_live") if scaled else EmbeddedConsole(folder) as running:
        yield running


@pytest.fixture(scope="module")
def client(console: Console) -> Client:
    """The module's tenant."""
    return console.tenant(f"tenant-{next(_numbers)}")


@pytest.fixture
def live(client: Client) -> Iterator[Live]:
    """Its socket."""
    with Live.of(client) as socket:
        yield socket


@pytest.fixture
def another(console: Console) -> Callable[[], Client]:
    """Other tenants."""
    return lambda: console.tenant(f"tenant-{next(_numbers)}")


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Scene]]:
    """Runs a script with a scene on a loop of its own."""
    monkeypatch.setattr(hints, "PUBLISHER", hints.Publisher())
    monkeypatch.setattr(sockets, "still_welcome", set)
    monkeypatch.setattr(hubs, "HEADS_SECONDS", 0.1)
    monkeypatch.setattr(hubs, "RESTART_PAUSE", 0.01)
    former = channel_layers.set("default", InMemoryChannelLayer())

    def run(script: Callable[[Scene], Awaitable[None]]) -> Scene:
        tenant = make_tenant("acme")

        async def go() -> Scene:
            scene = Scene(tenant)
            try:
                await script(scene)
            finally:
                await Hub.leave()
                scene.writer.cancel()
            return scene

        return asyncio.run(go())

    yield run
    channel_layers.set("default", former)
