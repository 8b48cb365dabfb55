import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(EXAMPLES))

from private_console import manage, private_console  # noqa: E402

RECORDING = EXAMPLES / "speech" / "data" / "sense_and_sensibility.flac"


@dataclass(frozen=True)
class Site:
    """A console that runs, and the keys of a tenant and of workers."""

    url: str
    key: str
    worker_key: str


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with private_console("", "yardmaster-realtime-") as (url, environment):
        manage(environment, "create_tenant", "acme")
        scopes = "realtime:read,realtime:write"
        key = manage(environment, "issue_key", "acme", "--scopes", scopes)
        yield Site(url, key, manage(environment, "issue_worker_key", "asr-"))


@pytest.fixture
def recording() -> Path:
    return RECORDING
