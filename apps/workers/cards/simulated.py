"""Made-up cards, for looking at the pages on a machine without one. Labelled wherever they show."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

from apps.workers.cards.reading import SIMULATED, Card, Reading, Using

if TYPE_CHECKING:
    from collections.abc import Sequence

CARDS = 2
TOTAL_MB = 24_576
IDLE_MB = 512
PERIOD_SECONDS = 1_200.0
FOREIGN_PID = 2**22 + 1
"""Above every pid that Linux gives."""


def reading(node: str, seconds: float, pids: Sequence[int]) -> Reading:
    """The cards of this node at a moment: the same for the same arguments.

    The processes in `pids` share what is used, every other one on the first card.
    """
    cards = tuple(_card(node, index, seconds, pids[index::CARDS]) for index in range(CARDS))
    return Reading(SIMULATED, cards, driver_version="simulated")


def _card(node: str, index: int, seconds: float, pids: Sequence[int]) -> Card:
    seed = zlib.crc32(f"{node}/{index}".encode())
    wave = math.sin(2 * math.pi * (seconds / PERIOD_SECONDS + (seed % 1000) / 1000))
    load = 0.45 + 0.35 * wave
    used = round(TOTAL_MB * load)
    holders = [*pids, FOREIGN_PID]
    each = (used - IDLE_MB) // len(holders)
    return Card(
        uuid=f"GPU-simulated-{seed:08x}-{index}",
        index=index,
        name="Simulated card",
        total_mb=TOTAL_MB,
        used_mb=used,
        utilization=round(100 * load),
        temperature=round(40 + 35 * load),
        power_w=round(60 + 240 * load, 1),
        processes=tuple(Using(pid, each) for pid in holders),
    )
