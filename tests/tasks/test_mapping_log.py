"""What the event log tells of maps, and what a clone takes of them."""

from __future__ import annotations

import pytest

from apps.tasks.settle import Outcome
from apps.tasks.submit import clone
from apps.tenants.audit import SYSTEM
from tests.console.answers import body, get
from tests.factories import key_client
from tests.tasks.jobs import by_key, fresh, statuses, task
from tests.tasks.maps import finish, listed, mapped, misreplayed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("failing", ["", "each_2", "end"])
@pytest.mark.parametrize("number", [0, 1, 3, 30])
def test_the_log_tells_of_every_instance(number: int, failing: str) -> None:
    job = listed(list(range(number)), mapped(), mapped("then", "each"), task("end", "then"))
    assert misreplayed(job) == []
    finish(**({failing: Outcome.FAILED} if failing else {}))
    assert misreplayed(job) == []


def test_the_event_of_an_expansion_spells_the_instances() -> None:
    job = listed([1, 2])
    page = body(get(key_client(job.tenant), f"jobs/{job.id}/events?after=1"))
    (event,) = page["events"]
    (told,) = [row for row in event["changes"]["tasks"] if row.get("key") == "each[1]"]
    assert told == {
        "id": str(by_key(job, "each[1]").id),
        "key": "each[1]",
        "stage": "a",
        "engine_id": "test.a",
        "status": "ready",
        "dependencies": [str(by_key(job, "list").id)],
        "required": True,
        "ready_at": event["at"],
        "max_retries": 2,
        "mapped_from": str(by_key(job, "each").id),
        "map_index": 1,
    }
    assert event["changes"]["job"]["progress"]["total"] == 5


def test_a_clone_has_the_map_and_not_its_instances() -> None:
    job = listed([1, 2])
    copy = clone(job, SYSTEM, None)
    assert statuses(copy) == {"list": "ready", "each": "pending", "end": "pending"}
    assert by_key(copy, "each").map_spec == by_key(job, "each").map_spec
    assert by_key(copy, "each").remaining == 1


def test_two_thousand_instances_come_of_one_completion() -> None:
    job = listed([{"n": n} for n in range(2000)], mapped(max=2000), task("end", "each"))
    assert (fresh(job).ready_tasks, fresh(job).total_tasks) == (2000, 2003)
    last = by_key(job, "each[1999]")
    assert (last.config, last.map_index) == ({"item": {"n": 1999}}, 1999)
    assert misreplayed(job) == []
