from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from apps.tasks import claims
from apps.tasks.engines.dispatcher import Dispatcher
from apps.tasks.engines.staging import Document
from apps.workers.models import Worker
from apps.workers.status import WorkerStatus
from tests.tasks.jobs import by_key, ended, make_job, task
from tests.waiting import eventually

Start = Callable[..., Dispatcher]


def test_a_worker_declared_offline_drops_its_task_and_registers_anew(
    dispatch: Start, journal: Path, settings: Any
) -> None:
    settings.CONSOLE_LEASE_SECONDS = 1
    job = make_job(task("a", config={"seconds": 4}))
    dispatch()
    eventually(journal.read_text)
    Worker.objects.update(status=WorkerStatus.OFFLINE)
    assert ended(job, seconds=30).status == "completed"
    assert by_key(job, "a").attempt == 2
    assert Worker.objects.count() == 2


def fails_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """The answer is lost the first time that there is one."""
    given = getattr(owner, name)
    lost: list[Any] = []

    def call(*args: Any, **more: Any) -> Any:
        found = given(*args, **more)
        if lost or found == []:
            return found
        lost.append(found)
        raise OperationalError("gone")

    monkeypatch.setattr(owner, name, call)


def test_a_claim_whose_answer_is_lost_is_handed_back(
    dispatch: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(task("a"))
    fails_once(monkeypatch, claims, "claim")
    dispatch()
    assert ended(job).status == "completed"
    assert by_key(job, "a").attempt == 2


def test_a_claim_whose_document_cannot_be_read_is_handed_back(
    dispatch: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(task("a", max_retries=0))
    fails_once(monkeypatch, Document, "resolve")
    dispatch()
    assert ended(job).status == "completed"
