from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import key_client, make_tenant


@pytest.fixture
def acme() -> Client:
    return key_client(make_tenant("acme"))
