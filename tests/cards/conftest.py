from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.workers.cards.sampler import Sampler
from tests.cards.driver import Driver, build


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def driver(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """This machine's driver; it has no card yet."""
    folder = tmp_path / "driver"
    folder.mkdir()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
    return Driver.install(library, folder)


@pytest.fixture(autouse=True)
def _every_look_counts(settings: Any) -> None:
    """Looks that follow each other at once belong to periods of their own."""
    settings.CONSOLE_GPU_SECONDS = 0.001


@pytest.fixture
def look(db: None) -> Callable[[], bool]:
    """Sample the cards of the machine `node` once."""
    return Sampler("node", lambda _: ()).sample


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a group of its own, as an engine host has."""
    argv = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, process_group=0)
    yield process
    os.killpg(process.pid, 9)
    process.wait()
    assert process.stdin is not None
    process.stdin.close()
