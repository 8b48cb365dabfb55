"""Consoles that the system tests run against: started once for each module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.consoles import Console, EmbeddedConsole, ScaledConsole


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with EmbeddedConsole(_folder(tmp_path_factory)) as console:
        yield console


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with ScaledConsole(_folder(tmp_path_factory), "yard_system") as console:
        yield console


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("console", numbered=True)
