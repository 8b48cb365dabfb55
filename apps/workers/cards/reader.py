"""The child that asks the driver: prints one JSON document and ends. It imports no Django.

A driver can hang inside a call, and take its process along: nobody else may call it.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import pynvml

from apps.workers.cards import reasons

if TYPE_CHECKING:
    from collections.abc import Callable

ALARM_SECONDS = 6
"""Should the parent have died meanwhile, a hanging child ends by itself."""
MIB = 1024 * 1024

Card = dict[str, Any]


class _Refused(Exception):
    """The driver does not answer; `reason` as in `reasons.py`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _ask(function: Callable[..., Any], *args: Any) -> Any:
    """Raises _Refused."""
    try:
        return function(*args)
    except pynvml.NVMLError as error:
        number = int(error.value)
        detail = f"NVML error {number} in {function.__name__}"
        raise _Refused(reasons.of_code(number), detail) from None


def read() -> dict[str, Any]:
    """Everything that is known of this machine's cards now."""
    try:
        _ask(pynvml.nvmlInit)
        number = _ask(pynvml.nvmlDeviceGetCount)
    except _Refused as refused:
        return {"reason": refused.reason, "detail": str(refused), "cards": []}
    cards = [card for index in range(number) for card in _read_card(index)]
    return {"reason": "", "detail": "", "driver_version": _driver_version(), "cards": cards}


def _driver_version() -> str:
    try:
        return _text(_ask(pynvml.nvmlSystemGetDriverVersion))
    except _Refused:
        return ""


def _read_card(index: int) -> list[Card]:
    """A card and its MIG instances."""
    try:
        handle = _ask(pynvml.nvmlDeviceGetHandleByIndex, index)
        card = _facts(handle, index)
    except _Refused as refused:
        return [{"index": index, "uuid": None, "reason": refused.reason, "detail": str(refused)}]
    instances = [] if card["reason"] in reasons.OF_THE_CARD else _instances(handle, card["uuid"])
    in_instances = {one["pid"] for card in instances for one in card["processes"] or ()}
    if card["processes"]:
        card["processes"] = [one for one in card["processes"] if one["pid"] not in in_instances]
    return [card, *instances]


def _instances(handle: Any, parent: str) -> list[Card]:
    try:
        enabled, _ = _ask(pynvml.nvmlDeviceGetMigMode, handle)
        most = _ask(pynvml.nvmlDeviceGetMaxMigDeviceCount, handle) if enabled else 0
    except _Refused:
        return []
    found = []
    for index in range(most):
        try:
            instance = _ask(pynvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
            found.append(_facts(instance, index) | {"mig_parent": parent})
        except _Refused:
            # A place where no instance has been made.
            continue
    return found


def _memory(handle: Any) -> tuple[int, int]:
    """Total and used, in MiB: what the driver keeps for itself counts as neither used nor free,
    as nvidia-smi has it; old drivers count it as used.
    """
    try:
        memory = _ask(pynvml.nvmlDeviceGetMemoryInfo, handle, pynvml.nvmlMemory_v2)
    except _Refused as refused:
        if refused.reason != reasons.NOT_SUPPORTED:
            raise
        memory = _ask(pynvml.nvmlDeviceGetMemoryInfo, handle)
    return memory.total // MIB, memory.used // MIB


def _processes(handle: Any) -> list[dict[str, Any]]:
    """Each process that computes here, with its MiB where the driver tells."""
    try:
        found = _ask(pynvml.nvmlDeviceGetComputeRunningProcesses_v3, handle)
    except _Refused as refused:
        if refused.reason != reasons.NOT_SUPPORTED:
            raise
        found = _ask(pynvml.nvmlDeviceGetComputeRunningProcesses_v2, handle)
    return [
        {"pid": one.pid, "used_mb": None if one.usedGpuMemory is None else one.usedGpuMemory // MIB}
        for one in found
    ]


def _text(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.replace("\0", "")


_FACTS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("name", lambda handle: _text(_ask(pynvml.nvmlDeviceGetName, handle))),
    ("memory", _memory),
    ("utilization", lambda handle: int(_ask(pynvml.nvmlDeviceGetUtilizationRates, handle).gpu)),
    (
        "temperature",
        lambda handle: _ask(pynvml.nvmlDeviceGetTemperature, handle, pynvml.NVML_TEMPERATURE_GPU),
    ),
    ("power_w", lambda handle: _ask(pynvml.nvmlDeviceGetPowerUsage, handle) / 1000),
    ("processes", _processes),
)


def _facts(handle: Any, index: int) -> Card:
    """What a card says; what it does not is null, with the reason. Raises _Refused."""
    card: Card = {"index": index, "uuid": _text(_ask(pynvml.nvmlDeviceGetUUID, handle))}
    card |= {"reason": "", "detail": "", "reasons": {}}
    for name, fact in _FACTS:
        try:
            card[name] = fact(handle)
        except _Refused as refused:
            card[name] = None
            card["reasons"][name] = refused.reason
            if refused.reason in reasons.OF_THE_CARD or (name == "memory" and not card["reason"]):
                card["reason"], card["detail"] = refused.reason, str(refused)
    memory = card.pop("memory")
    card["total_mb"], card["used_mb"] = memory or (None, None)
    return card


if __name__ == "__main__":
    signal.alarm(ALARM_SECONDS)
    sys.stdout.write(json.dumps(read()))
