"""Each protection taken away breaks the scenario that is there for it."""

from __future__ import annotations

import pytest

from tests.fault.__main__ import run
from tests.fault.site import Db, Site

Bite = tuple[str, str, Db, int, str]
"""What is taken away, the scenario with database and size, and words of what must break."""

BITES: list[Bite] = [
    ("fence", "freeze", "pg", 4, "I2|I3|late result|still"),
    ("expiry", "kill", "pg", 40, "I1|recovery|still"),
    ("supervisor", "orphan", "sqlite", 1, "outlived"),
    ("poison,kill", "host", "sqlite", 1, "poison|lives on"),
    ("503", "postgres", "pg", 100, "answers"),
    ("poll", "hints", "pg", 5, "waited|I1"),
    ("ticks", "beat", "pg", 1, "shared a slot"),
]


@pytest.mark.fault
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("turn")
@pytest.mark.parametrize("bite", BITES, ids=lambda bite: bite[0])
def test_without_its_protection_a_scenario_breaks(bite: Bite, site: Site) -> None:
    off, name, db, n, words = bite
    stage = run(name, site, db, n=n, off=off)
    assert any(word in line for line in stage.broken for word in words.split("|"))
