"""Every scenario at its CI size."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fault.__main__ import run
from tests.fault.scenarios.catalogue import SCENARIOS
from tests.fault.site import Db, Site


def cases() -> list[object]:
    """Each scenario on each of its databases, the long ones first."""
    return [
        pytest.param(name, db, id=f"{name}-{db}", marks=[pytest.mark.alone] * scenario.alone)
        for name, scenario in SCENARIOS.items()
        for db in scenario.dbs
    ]


@pytest.mark.fault
@pytest.mark.timeout(1500)
@pytest.mark.usefixtures("turn")
@pytest.mark.parametrize(("name", "db"), cases())
def test_the_invariants_hold(
    name: str, db: Db, site: Site, record_property: Callable[[str, object], None]
) -> None:
    stage = run(name, site, db)
    record_property("fault", stage.line())
    assert stage.broken == []
