"""What was on the cards in the minute before an attempt ran out of memory."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.tasks.models import Attempt, Task
from apps.tasks.verdicts import Outcome
from apps.tenants.clock import database_now, stamp
from apps.workers.card_models import GpuSample
from apps.workers.cards.reading import NVML
from apps.workers.models import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apps.tasks.verdicts import Report

BEFORE = timedelta(minutes=1)
MOST_READ = 5_000
"""Samples of a machine's cards: a minute of 64 cards, seen each second, and room to spare."""
MOST_KEPT = 480
MOST_HOLDERS = 32
_SAID = re.compile(
    r"\bsignal 9\b|cuda[^\n]{0,80}out of memory|CUDA_ERROR_OUT_OF_MEMORY"
    r"|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)
_DEATHS = frozenset({Outcome.LOST, Outcome.FAILED})

_OF_CARD = ("uuid", "name", "total_mb")
_OF_HOLDER = (
    "kind", "pid", "used_mb", "tenant", "job_id", "task_id", "attempt", "engine_id", "worker",
)  # fmt: skip

Cards = list[dict[str, Any]]


def is_wanted(report: Report) -> bool:
    """Whether it was killed, or says that memory ran out."""
    if report.outcome not in _DEATHS:
        return False
    return report.error_code == "oom" or _SAID.search(report.error) is not None


def keep(report: Report) -> None:
    """Keep the last minute of the cards it was seen on; of all of its machine's where of none."""
    attempts = Attempt.objects.filter(task_id=report.task_id, number=report.attempt)
    node = attempts.values_list("worker__node_id", flat=True).first()
    samples = list(
        GpuSample.objects.filter(
            gpu__node_id=node, gpu__driver=NVML, at__gte=database_now() - BEFORE
        )
        .select_related("gpu")
        .order_by("-at")[:MOST_READ]
    )
    if not samples:
        return
    own = {sample.gpu_id for sample in samples if _is_on(sample, report)}
    chosen = [sample for sample in samples if not own or sample.gpu_id in own][:MOST_KEPT]
    attempts.update(autopsy=_cards(chosen[::-1]))


def shown(cards: Cards | None, tenant_id: UUID | None) -> Cards | None:
    """As staff see it; or what of it a tenant may know: its own processes, and their memory."""
    if cards is None:
        return None
    if tenant_id is None:
        return [_card(card, [_told(sample) for sample in card["samples"]]) for card in cards]
    mine, nameless = str(tenant_id), dict.fromkeys(_OF_CARD)
    return [
        _card(nameless, [_told(_own_part(sample, mine)) for sample in card["samples"]])
        for card in cards
    ]


def _card(facts: Mapping[str, Any], samples: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: facts[name] for name in _OF_CARD} | {"samples": samples}


def _told(sample: dict[str, Any]) -> dict[str, Any]:
    holders = [{name: holder[name] for name in _OF_HOLDER} for holder in sample["holders"]]
    return sample | {"holders": holders}


def _own_part(sample: dict[str, Any], mine: str) -> dict[str, Any]:
    holders = [holder for holder in sample["holders"] if holder["tenant_id"] == mine]
    told = [holder["used_mb"] for holder in holders if holder["used_mb"] is not None]
    return sample | {"used_mb": sum(told) if told else None, "holders": holders}


def _is_on(sample: GpuSample, report: Report) -> bool:
    place = str(report.task_id), report.attempt
    return any((one["task_id"], one["attempt"]) == place for one in sample.holders)


def _cards(samples: list[GpuSample]) -> Cards:
    names = _Names(samples)
    cards: dict[str, dict[str, Any]] = {}
    for sample in samples:
        gpu = sample.gpu
        facts: dict[str, Any] = {
            "uuid": gpu.uuid,
            "name": gpu.name,
            "total_mb": gpu.total_mb,
            "samples": [],
        }
        cards.setdefault(gpu.uuid, facts)["samples"].append(
            {
                "at": stamp(sample.at),
                "used_mb": sample.used_mb,
                "reason": sample.reason or None,
                "holders": [names.holder(one) for one in sample.holders[:MOST_HOLDERS]],
            }
        )
    return list(cards.values())


class _Names:
    """Whose the processes were: kept by name, as tasks and workers are removed one day."""

    def __init__(self, samples: list[GpuSample]) -> None:
        found = [one for sample in samples for one in sample.holders]
        tasks = Task.objects.filter(id__in={one["task_id"] for one in found if one["task_id"]})
        workers = Worker.objects.filter(id__in={one["worker_id"] for one in found} - {None})
        self._tasks = {
            str(task_id): {"job_id": str(job_id), "tenant_id": str(tenant_id), "tenant": slug}
            for task_id, job_id, tenant_id, slug in tasks.values_list(
                "id", "job_id", "tenant_id", "job__tenant__slug"
            )
        }
        self._workers = {str(key): name for key, name in workers.values_list("id", "name")}

    def holder(self, one: dict[str, Any]) -> dict[str, Any]:
        nobody = {"job_id": None, "tenant_id": None, "tenant": None}
        worker = self._workers.get(one["worker_id"] or "")
        return one | self._tasks.get(one["task_id"] or "", nobody) | {"worker": worker}
