from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from apps.tasks.engines.dispatcher import Dispatcher
from apps.tasks.engines.registry import registry


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where engines note their runs: task id, attempt, pid."""
    path = tmp_path / "journal"
    path.touch()
    monkeypatch.setenv("YARD_JOURNAL", str(path))
    return path


@pytest.fixture
def dispatch(transactional_db: None, journal: Path) -> Iterator[Callable[..., Dispatcher]]:
    """Start a dispatcher on a thread, with short grace; all are stopped afterwards."""
    running: list[tuple[Dispatcher, Thread]] = []

    def start(name: str = "w1", grace: float = 0.5) -> Dispatcher:
        dispatcher = Dispatcher(registry().engines, name, "node", grace)
        thread = Thread(target=dispatcher.run, daemon=True)
        thread.start()
        running.append((dispatcher, thread))
        return dispatcher

    yield start
    for dispatcher, _ in running:
        dispatcher.stop()
    for _, thread in running:
        thread.join(20)
        assert not thread.is_alive()
