"""What one look at a machine's cards brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

NVML, SIMULATED = "nvml", "simulated"
DRIVERS = (NVML, SIMULATED)


@dataclass(frozen=True, slots=True)
class Using:
    """A process that computes on a card; `used_mb` is None where the driver does not tell."""

    pid: int
    used_mb: int | None


@dataclass(frozen=True, slots=True)
class Card:
    """A card, or a MIG instance of the card `mig_parent`.

    `reason` says why it cannot be read; empty when it can. `uuid` is empty where even that is
    not known any more. Memory is in MiB, utilization in percent, temperature in °C.
    """

    uuid: str
    index: int
    name: str = ""
    mig_parent: str = ""
    total_mb: int | None = None
    used_mb: int | None = None
    utilization: int | None = None
    temperature: int | None = None
    power_w: float | None = None
    processes: tuple[Using, ...] = ()
    reason: str = ""
    detail: str = ""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """As the child said it."""
        facts = {name: said.get(name) for name in _FIGURES}
        return cls(
            uuid=str(said["uuid"] or ""),
            index=int(said["index"]),
            name=str(said.get("name") or ""),
            mig_parent=str(said.get("mig_parent") or ""),
            processes=tuple(
                Using(int(one["pid"]), one["used_mb"]) for one in said.get("processes") or ()
            ),
            reason=str(said["reason"]),
            detail=str(said["detail"]),
            **facts,
        )


_FIGURES = ("total_mb", "used_mb", "utilization", "temperature", "power_w")


@dataclass(frozen=True, slots=True)
class Reading:
    """All cards of a machine. `reason` says why none could be read; empty when they could."""

    driver: str
    cards: tuple[Card, ...] = field(default=())
    driver_version: str = ""
    reason: str = ""
    detail: str = ""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """As the child said it. Raises KeyError, TypeError, ValueError."""
        return cls(
            driver=NVML,
            cards=tuple(Card.of(card) for card in said["cards"]),
            driver_version=str(said.get("driver_version", "")),
            reason=str(said["reason"]),
            detail=str(said["detail"]),
        )
