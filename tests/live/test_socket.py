"""What comes over a socket of a running console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.live.client import Live

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.consoles import Client

pytestmark = pytest.mark.system

FAN: list[dict[str, Any]] = [
    {"key": "a", "engine_id": "test.a"},
    *({"key": f"b{n}", "engine_id": "test.b", "depends_on": ["a"]} for n in range(5)),
    {"key": "z", "engine_id": "test.a", "depends_on": [f"b{n}" for n in range(5)]},
]


def test_a_job_is_followed_from_its_snapshot_to_its_end(client: Client, live: Live) -> None:
    topic = f"job:{client.submit(FAN)['id']}"
    start = live.follow(topic).of_type("snapshot")
    seqs = [event["seq"] for event in live.until_event(topic, "job.completed")]
    assert seqs == list(range(start["seq"] + 1, seqs[-1] + 1))
    assert {task["key"] for task in start["data"]["tasks"]} == {task["key"] for task in FAN}


def test_events_are_those_of_the_log(client: Client, live: Live) -> None:
    job_id = client.submit(FAN)["id"]
    live.follow(f"job:{job_id}", after=0)
    assert live.until_event(f"job:{job_id}", "job.completed") == client.events(job_id)


def test_who_comes_back_gets_what_was_missed_and_nothing_twice(client: Client) -> None:
    job_id = client.submit(FAN)["id"]
    client.ended(job_id)
    whole = client.events(job_id)
    with Live.of(client) as live:
        live.follow(f"job:{job_id}", after=3)
        assert live.until_event(f"job:{job_id}", "job.completed") == whole[3:]


def test_a_job_of_many_tasks_comes_whole(client: Client, live: Live) -> None:
    """Its snapshot and its events are far larger than what a client may send."""
    roots = [{"key": f"t{n}", "engine_id": "test.a", "config": {"seconds": 60}} for n in range(400)]
    job_id = client.submit(roots)["id"]
    topic = f"job:{job_id}"
    assert len(live.follow(topic).of_type("snapshot")["data"]["tasks"]) == len(roots)
    client.post(f"/jobs/{job_id}/cancel", json={})
    client.ended(job_id)
    whole = client.events(job_id)
    assert live.until_event(topic, "job.cancelled")[-1] == whole[-1]
    with Live.of(client) as late:
        late.follow(topic, after=0)
        assert late.until_event(topic, "job.cancelled") == whole


def test_one_from_the_future_begins_anew(client: Client, live: Live) -> None:
    topic = f"job:{client.submit(FAN)['id']}"
    assert live.follow(topic, after=10_000).of_type("reset")["reason"] == "ahead"


@pytest.mark.parametrize("topic", ["job", "log"])
def test_anothers_job_is_as_unknown_as_none(
    another: Callable[[], Client], live: Live, topic: str
) -> None:
    theirs = another()
    job_id = theirs.submit(FAN)["id"]
    of = {"job": job_id, "log": theirs.tasks(job_id)["a"]["id"]}[topic]
    answers = [
        live.follow(f"{topic}:{one}").of_type("error") | {"topic": ""} for one in (of, uuid4())
    ]
    assert answers[0] == answers[1] == {"type": "error", "topic": "", "code": "not_found"}


def test_no_byte_of_another_tenants_work_arrives(another: Callable[[], Client], live: Live) -> None:
    for topic in ("dashboard", "jobs", "queue"):
        live.follow(topic)
    live.next(lambda frame: frame.get("topic") == "queue")
    live.all_for(0.5)
    theirs = another()
    theirs.ended(theirs.submit(FAN)["id"])
    assert [frame for frame in live.all_for(2.5) if frame["type"] != "beat"] == []


def test_a_new_job_is_on_the_list_and_the_dashboard_at_once(client: Client, live: Live) -> None:
    live.follow("jobs").follow("dashboard").of_type("patch")
    job = client.submit(FAN, name="brand new")
    row = live.next(lambda f: f.get("topic") == "jobs")["data"]["changed"][0]
    assert (row["id"], row["name"]) == (job["id"], "brand new")

    def shown(frame: dict[str, Any]) -> bool:
        jobs = frame["data"]["batch"]["recent_jobs"] if frame.get("topic") == "dashboard" else []
        return any(recent["id"] == job["id"] for recent in jobs)

    assert live.next(shown)


def test_a_deleted_job_leaves_the_list(client: Client, live: Live) -> None:
    job_id = client.submit(FAN)["id"]
    client.ended(job_id)
    live.follow("jobs").follow("queue").of_type("patch")
    assert client.delete(f"/jobs/{job_id}").status_code == 204
    gone = live.next(lambda f: f.get("topic") == "jobs" and job_id in f["data"]["removed"])
    assert gone["data"]["changed"] == []


def test_the_versions_of_a_board_never_go_back(client: Client, live: Live) -> None:
    live.follow("dashboard")
    client.ended(client.submit(FAN)["id"])
    seqs = [frame["seq"] for frame in live.all_for(1) if frame["type"] == "patch"]
    assert seqs == sorted(seqs)
    assert client.get("/dashboard").json()["seq"] >= seqs[-1]


def test_a_log_is_followed_while_its_task_runs(client: Client, live: Live) -> None:
    job_id = client.submit([{"key": "talk", "engine_id": "test.a", "config": {"lines": 20}}])["id"]
    task_id = client.tasks(job_id)["talk"]["id"]
    topic = f"log:{task_id}"
    client.ended(job_id)
    data = live.follow(topic, after=0).next(lambda f: f.get("topic") == topic)["data"]
    stored = client.get(f"/jobs/{job_id}/tasks/{task_id}/logs").json()["lines"]
    assert (data["attempt"], data["lines"]) == (1, stored)
