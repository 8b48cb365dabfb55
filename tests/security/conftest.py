"""The two parties."""

from __future__ import annotations

import pytest

from tests.security.world import Party, make_party


@pytest.fixture
def acme(db: None) -> Party:
    return make_party("acme")


@pytest.fixture
def globex(db: None) -> Party:
    return make_party("globex")
