"""Mapped tasks over HTTP: what a tenant sees of templates and instances, and may do with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from apps.jobs.models import Job, Pipeline
from apps.tasks.settle import Outcome
from tests.console.answers import body, errors, get, post
from tests.factories import key_client
from tests.tasks.jobs import by_key, statuses, task
from tests.tasks.maps import finish, listed, mapped

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Client:
    return key_client()


def one(client: Client, job: Job, key: str, more: str = "") -> Any:
    return body(get(client, f"jobs/{job.id}/tasks/{by_key(job, key).id}{more}"))


def test_a_template_shows_its_list_and_what_its_instances_gave(acme: Client) -> None:
    job = listed([1, 2], mapped())
    finish()
    shown = one(acme, job, "each")
    assert shown["output"] == ["each[0]", "each[1]"]
    assert shown["inputs"] == {"list": [1, 2], "each[0]": "each[0]", "each[1]": "each[1]"}
    assert (shown["attempt"], shown["attempts"], shown["started_at"]) == (0, [], None)


def test_an_instance_shows_its_item_and_its_inputs(acme: Client) -> None:
    job = listed(["x"], mapped())
    shown = one(acme, job, "each[0]")
    assert (shown["config"], shown["inputs"]) == ({"item": "x"}, {"list": ["x"]})


def test_why_of_a_template_names_the_instances_it_waits_for(acme: Client) -> None:
    job = listed([1, 2, 3, 4, 5], mapped())
    assert one(acme, job, "each", "/why")["detail"] == (
        "0 of its 5 instances have ended; it waits for each[0], each[1], each[2] and 2 more."
    )
    finish()
    assert one(acme, job, "each", "/why")["detail"] == "All it was mapped to ended: 5 instances."


def test_why_of_a_failed_template_gives_the_reason(acme: Client) -> None:
    job = listed({}, mapped(path="x"))
    assert one(acme, job, "each", "/why")["detail"] == (
        'It failed (map): There is no list at "x" in the output of "list": found nothing.'
    )


def test_a_pipeline_may_hold_a_map(acme: Client) -> None:
    Pipeline.objects.create(name="maps", tasks=[task("list"), mapped()])
    job = body(post(acme, "jobs", {"name": "n", "pipeline": "maps"}))
    assert body(get(acme, f"jobs/{job['id']}/tasks"))["tasks"][1]["map"]["over"] == "list"


def test_one_instance_is_retried_by_its_id(acme: Client) -> None:
    job = listed([1, 2], mapped(), task("end", "each", max_retries=0))
    finish(end=Outcome.FAILED)
    path = f"jobs/{job.id}/tasks/{by_key(job, 'each[1]').id}/retry"
    assert body(post(acme, path, {"config": {"n": 1}}))["config"] == {"item": 2, "n": 1}
    assert (statuses(job)["each[0]"], statuses(job)["each[1]"]) == ("completed", "ready")


def test_a_config_too_large_for_all_instances_is_400(acme: Client, settings: LazySettings) -> None:
    job = listed([1, 2], mapped(), task("end", "each", max_retries=0))
    finish(end=Outcome.FAILED)
    settings.CONSOLE_MAX_MAP_BYTES = 40
    path = f"jobs/{job.id}/tasks/{by_key(job, 'each').id}/retry"
    answer = post(acme, path, {"config": {"text": "a" * 20}})
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "config")


@pytest.mark.parametrize("number", [1, 50])
def test_a_list_with_instances_takes_a_constant_number_of_queries(
    acme: Client, django_assert_max_num_queries: Any, number: int
) -> None:
    job = listed([0] * number, mapped())
    with django_assert_max_num_queries(7):
        assert len(body(get(acme, f"jobs/{job.id}/tasks"))["tasks"]) == number + 2
