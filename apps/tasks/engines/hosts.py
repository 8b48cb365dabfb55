"""The engine hosts of one worker: taken for a task, kept warm for the next."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from apps.tasks.engines.process import EngineHost

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from apps.tasks.claims import Claim
    from apps.tasks.engines.definition import Engine

    _Key = tuple[str, tuple[str, ...]]


class HostPool:
    """Starts hosts when needed and keeps idle ones, whose models are loaded.

    A host that ran a command, was told to stop, or died is never used again: its group is killed.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._idle: dict[_Key, list[EngineHost]] = {}
        self._all: set[EngineHost] = set()

    def __iter__(self) -> Iterator[EngineHost]:
        return iter(self._all)

    @property
    def idle_cards(self) -> set[str]:
        """The cards on which idle hosts may keep memory."""
        return {uuid for (_, cards), hosts in self._idle.items() if hosts for uuid in cards}

    def warm(self, engine_id: str) -> list[tuple[str, ...]]:
        """The cards of its idle hosts."""
        return [cards for (name, cards), hosts in self._idle.items() if hosts and name == engine_id]

    def take(self, engine: Engine, claim: Claim) -> EngineHost:
        """An idle host of this engine on the claim's cards, or a new one, which may still be
        loading.
        """
        key = engine.engine_id, claim.cards
        if claim.clears:
            self.clear(claim.cards, but=key)
        idle = self._idle.get(key, [])
        while idle:
            host = idle.pop()
            if host.poll() is None:
                return host
            self.discard(host)
        host = EngineHost(engine, claim.cards)
        self._all.add(host)
        for descriptor in (host.frames, host.stdout, host.stderr):
            self._selector.register(descriptor, selectors.EVENT_READ, host)
        return host

    def give_back(self, host: EngineHost) -> None:
        """Its tasks are over."""
        if host.engine.kind != "command" and host.ready and host.poll() is None:
            self._idle.setdefault((host.engine.engine_id, host.cards), []).append(host)
        else:
            self.discard(host)

    def clear(self, cards: Collection[str], but: _Key | None = None) -> None:
        """End the idle hosts on these cards, so that their memory is free."""
        for key, hosts in self._idle.items():
            if key != but and not set(cards).isdisjoint(key[1]):
                while hosts:
                    self.discard(hosts.pop())

    def discard(self, host: EngineHost) -> None:
        """Kill its group and forget it."""
        if host not in self._all:
            return
        self._all.remove(host)
        for descriptor in (host.frames, host.stdout, host.stderr):
            self._selector.unregister(descriptor)
        host.close()

    def collect_idle(self) -> None:
        """Bury idle hosts that have died, so that their pipes wake nobody."""
        for hosts in self._idle.values():
            for host in [host for host in hosts if host.poll() is not None]:
                hosts.remove(host)
                self.discard(host)

    def close(self) -> None:
        """End all of them."""
        for host in list(self._all):
            self.discard(host)
