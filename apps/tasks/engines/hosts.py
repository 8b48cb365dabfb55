"""The engine hosts of one worker: taken for a task, kept warm for the next."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from apps.tasks.engines.process import EngineHost

if TYPE_CHECKING:
    from apps.tasks.engines.definition import Engine


class HostPool:
    """Starts hosts when needed and keeps idle ones, whose models are loaded.

    A host that ran a command, was told to stop, or died is never used again: its group is killed.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._idle: dict[str, list[EngineHost]] = {}
        self._all: set[EngineHost] = set()

    def take(self, engine: Engine) -> EngineHost:
        """An idle host of this engine, or a new one, which may still be loading."""
        idle = self._idle.get(engine.engine_id, [])
        while idle:
            host = idle.pop()
            if host.poll() is None:
                return host
            self.discard(host)
        host = EngineHost(engine)
        self._all.add(host)
        for descriptor in (host.frames, host.stdout, host.stderr):
            self._selector.register(descriptor, selectors.EVENT_READ, host)
        return host

    def give_back(self, host: EngineHost) -> None:
        """Its tasks are over."""
        if host.engine.kind != "command" and host.ready and host.poll() is None:
            self._idle.setdefault(host.engine.engine_id, []).append(host)
        else:
            self.discard(host)

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
