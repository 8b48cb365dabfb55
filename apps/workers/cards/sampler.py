"""Sampling: who hears the broadcast looks at its machine's cards, one process at a time."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError, connection

from apps.tenants.clock import database_now
from apps.workers.card_models import Gpu, NodeCards
from apps.workers.cards import reasons, simulated
from apps.workers.cards.child import Reader
from apps.workers.cards.holders import Holder, Use, holders, hosts_on
from apps.workers.cards.processes import lineage
from apps.workers.cards.reading import SIMULATED
from apps.workers.cards.store import store
from apps.workers.transitions import take_tick

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from apps.workers.cards.holders import Host, Place
    from apps.workers.cards.reading import Reading

    Credit = Callable[[Mapping[Place, Use]], Collection[Place]]

logger = logging.getLogger(__name__)

QUIET_FOR = timedelta(minutes=1)
"""A machine without the driver's library, and without cards before, is looked at less often."""
MISSED_PERIODS = 3
"""So many broadcasts may fail to come before we look unasked."""
STOP_SECONDS = 1.0

_samplers: list[Sampler] = []


def hear() -> None:
    """The broadcast arrived."""
    for sampler in _samplers:
        sampler.ask()


class Sampler:
    """Samples the cards of this machine on a thread of its own whenever it is asked.

    `credit` is told what each attempt holds, and answers which of these attempts still run.
    """

    def __init__(self, node: str, credit: Credit) -> None:
        self._node = node
        self._credit = credit
        self._reader = Reader()
        self._asked = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cards", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        _samplers.append(self)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; a look that is under way may end by itself."""
        _samplers.remove(self)
        self._stopped.set()
        self._asked.set()
        self._thread.join(STOP_SECONDS)

    def ask(self) -> None:
        """Look soon. Returns at once, and however often it is called one look follows."""
        self._asked.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._asked.wait(MISSED_PERIODS * settings.CONSOLE_GPU_SECONDS)
            self._asked.clear()
            if not self._stopped.is_set():
                self._sample_anyhow()
        connection.close()

    def _sample_anyhow(self) -> None:
        """A thread that died would leave the figures to grow old without a word."""
        try:
            self.sample()
        except (DatabaseError, OSError) as error:
            logger.warning("cards_not_sampled", extra={"cause": str(error)})
            connection.close()
        except Exception:
            logger.exception("cards_not_sampled")
            connection.close()

    def sample(self) -> bool:
        """Look now, unless another process of this machine does; whether anything was kept."""
        if settings.CONSOLE_GPU_DRIVER != SIMULATED and _is_quiet(self._node):
            return False
        with _only_here(self._node) as alone:
            return alone and self._sample()

    def _sample(self) -> bool:
        if not take_tick(_tick_of(self._node), settings.CONSOLE_GPU_SECONDS / 2):
            return False
        hosts = hosts_on(self._node)
        reading = self._read(hosts)
        found = {card.uuid: holders(card.processes, hosts, lineage) for card in reading.cards}
        if reading.driver != SIMULATED:
            found = self._confirmed(found)
        store(self._node, reading, found)
        return True

    def _read(self, hosts: Collection[Host]) -> Reading:
        if settings.CONSOLE_GPU_DRIVER == SIMULATED:
            pids = sorted(min(host.pids) for host in hosts)
            return simulated.reading(self._node, time.time(), pids)
        return self._reader.read()

    def _confirmed(self, found: dict[str, list[Holder]]) -> dict[str, list[Holder]]:
        """Attempts that have ended since their host was published hold nothing: the host does."""
        uses: dict[Place, Use] = {}
        seconds = _elapsed(self._node)
        for uuid, held in found.items():
            for holder in held:
                if holder.place is not None:
                    uses.setdefault(holder.place, Use(seconds)).add(uuid, holder.used_mb)
        running = self._credit(uses) if uses else ()
        return {
            uuid: [
                holder.without_attempt() if holder.place not in running else holder
                for holder in held
            ]
            for uuid, held in found.items()
        }


def _elapsed(node: str) -> float:
    """Seconds that this look stands for: since the last of any process, two periods at most."""
    period = float(settings.CONSOLE_GPU_SECONDS)
    looked = NodeCards.objects.filter(node_id=node).first()
    if looked is None:
        return period
    return min((database_now() - looked.at).total_seconds(), 2 * period)


def _is_quiet(node: str) -> bool:
    looked = NodeCards.objects.filter(node_id=node, reason=reasons.NO_LIBRARY)
    if not looked.filter(at__gt=database_now() - QUIET_FOR).exists():
        return False
    return not Gpu.objects.filter(node_id=node, retired_at=None).exists()


def _tick_of(node: str) -> str:
    """Two processes of a machine that share no folder, and so no lock, still take turns by it."""
    return f"cards.{hashlib.sha256(node.encode()).hexdigest()[:32]}"


@contextmanager
def _only_here(node: str) -> Iterator[bool]:
    """Whether no other process of this machine and this data folder is sampling."""
    path = settings.CONSOLE_DATA_DIR / f"cards-{quote(node, safe='')}.lock"
    with path.open("a", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
