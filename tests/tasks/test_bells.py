"""Many bells within a moment are two: the first at once, the last for sure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apps.tasks import bell
from tests.waiting import eventually


@pytest.fixture
def heard(settings: Any) -> Iterator[list[str]]:
    settings.REDIS_URL = ""
    engines: list[str] = []
    bell.listen(engines.append)
    yield engines
    bell.unlisten(engines.append)


def test_the_first_bell_is_heard_at_once_in_this_process(heard: list[str]) -> None:
    bell.Bells().ring_for_sure("test.a")
    assert heard == ["test.a"]


def test_bells_of_a_moment_are_put_together_and_the_last_is_heard(heard: list[str]) -> None:
    bells = bell.Bells()
    for _ in range(10):
        bells.ring_for_sure("test.a")
    assert len(heard) < 10
    assert eventually(lambda: len(heard) > 1)


def test_another_engines_bell_does_not_wait(heard: list[str]) -> None:
    bells = bell.Bells()
    bells.ring_for_sure("test.a")
    bells.ring_for_sure("test.b")
    assert heard == ["test.a", "test.b"]
