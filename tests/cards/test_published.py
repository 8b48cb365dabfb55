"""What a batch worker tells of its engine hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.tasks.engines.process import EngineHost
from apps.tasks.engines.published import PublishedHosts
from apps.tasks.engines.registry import registry
from apps.workers.card_models import WorkerHosts
from tests.cards.scene import make_gpu
from tests.tasks.jobs import make_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def host() -> Iterator[EngineHost]:
    started = EngineHost(registry().engines["test.a"])
    yield started
    started.close()


def test_on_a_machine_with_cards_hosts_are_told_with_their_processes(host: EngineHost) -> None:
    make_gpu("GPU-0")
    worker = make_worker()
    PublishedHosts("node").keep(worker.pk, lambda: [(host, None)])
    assert WorkerHosts.objects.get(worker=worker).hosts == [
        {
            "pid": host.pid, "group": host.group, "engine_id": "test.a", "task_id": None,
            "attempt": None,
        }
    ]  # fmt: skip


def test_on_a_machine_without_cards_nothing_is_written(host: EngineHost) -> None:
    make_gpu("GPU-0", retired_at="2026-01-01T00:00:00Z")
    PublishedHosts("node").keep(make_worker().pk, lambda: [(host, None)])
    assert not WorkerHosts.objects.exists()


def test_what_has_not_changed_is_not_written_again(host: EngineHost) -> None:
    make_gpu("GPU-0")
    worker, published = make_worker(), PublishedHosts("node")
    published.keep(worker.pk, lambda: [(host, None)])
    WorkerHosts.objects.all().delete()
    published.keep(worker.pk, lambda: [(host, None)])
    assert not WorkerHosts.objects.exists()
    published.keep(worker.pk, list)
    assert WorkerHosts.objects.get().hosts == []
