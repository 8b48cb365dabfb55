"""Servers for the fault suite, turns for what must run alone, and the verdicts at the end."""

from __future__ import annotations

import fcntl
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fault.results import record
from tests.fault.scenarios.catalogue import SCENARIOS
from tests.fault.site import Site

TURNS = Path(tempfile.gettempdir()) / "yard-fault-turns"


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who must run alone waits for all others: last, so that no process stands idle meanwhile."""
    items.sort(key=_alone)


def _alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


@pytest.fixture
def turn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Scenarios that measure the machine have it alone; the others share it."""
    alone = _alone(request.node)
    with TURNS.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each scenario that was run, also where its process was another one.

    A run of them all is recorded in `docs/reliability.json`.
    """
    lines = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "fault" and getattr(report, "when", "") == "call"
    ]
    if lines:
        terminalreporter.section("fault scenarios")
        for line in sorted(lines):
            terminalreporter.write_line(line)
    if len(lines) == sum(len(scenario.dbs) for scenario in SCENARIOS.values()):
        for line in lines:
            record(json.loads(line), "ci")
