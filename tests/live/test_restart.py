"""A server that stops says so; one that comes back goes on where its clients were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.live.client import Live

if TYPE_CHECKING:
    from tests.consoles import Client, Console

pytestmark = pytest.mark.system

CHAIN: list[dict[str, Any]] = [
    {"key": "a", "engine_id": "test.a"},
    {"key": "b", "engine_id": "test.a", "depends_on": ["a"]},
]


def test_a_restart_is_told_and_nothing_is_missed(console: Console, client: Client) -> None:
    server = "up" if "up" in console.processes else "web"
    job_id = client.submit(CHAIN)["id"]
    topic = f"job:{job_id}"
    with Live.of(client) as live:
        live.follow(topic, after=0).of_type("events")
        seen = live.events(topic)
        console.stop(server)
        assert live.closed_with() == 1012
        seen = live.events(topic)
    console.start()
    client.ended(job_id)
    with Live.of(client) as again:
        again.follow(topic, after=seen[-1]["seq"])
        whole = client.events(job_id)
        later = again.until_event(topic, "job.completed") if len(seen) < len(whole) else []
    assert seen + later == whole
