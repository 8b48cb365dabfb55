"""What every test has: clean caches and quotas, patient Hypothesis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from hypothesis import settings as hypothesis_settings

from apps.console.api.throttle import COUNTER

hypothesis_settings.register_profile("yard", deadline=None, print_blob=True)
hypothesis_settings.load_profile("yard")

HERE = Path(__file__).parent
MEASURED = {"jobs", "realtime", "tasks", "tenants", "workers"}
"""The tests that show that each line of what decides is run; measuring takes half as long again."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(HERE).parts[0] not in MEASURED:
            item.add_marker(pytest.mark.no_cover)
    if settings.EMBEDDED:
        reason = "needs PostgreSQL and Redis: python -m tests.services -- pytest …"
        for item in items:
            if "service" in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _forget_caches_and_quotas() -> Iterator[None]:
    yield
    cache.clear()
    COUNTER.reset()
