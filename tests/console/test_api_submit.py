"""Submitting over HTTP: what is taken, what is refused and named, once per idempotency key."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.jobs import files
from apps.jobs.models import Job, Pipeline
from apps.tenants.audit import SYSTEM
from tests.console.answers import body, errors, get, post
from tests.factories import key_client, make_tenant, staff_client
from tests.tasks.jobs import task

pytestmark = pytest.mark.django_db


def submission(**fields: Any) -> dict[str, Any]:
    return {"name": "job", "tasks": [task("a")], **fields}


def test_a_job_with_everything_is_taken(acme: Client) -> None:
    answer = post(acme, "jobs", submission(
        name="Nächte", tasks=[task("a"), task("b", "a")], parameters={"deep": [{"x": None}]},
        priority=-100, labels={"team": "a:b"},
    ))  # fmt: skip
    assert answer.status_code == 201
    job = body(answer)
    assert (job["name"], job["status"], job["priority"]) == ("Nächte", "pending", -100)
    assert (job["parameters"], job["labels"]) == ({"deep": [{"x": None}]}, {"team": "a:b"})
    assert (job["progress"]["total"], job["progress"]["ready"]) == (2, 1)
    assert (job["tenant"], job["seq"]) == ("acme", 1)


def test_the_answer_is_the_job_as_it_is_read(acme: Client) -> None:
    answer = body(post(acme, "jobs", submission(
        tasks=[task("a"), task("b", "a")], parameters={"z": 1.0, "a": [True, "é"]}, priority=7,
        labels={"team": "b", "area": "a"},
    )))  # fmt: skip
    assert answer == body(get(acme, f"jobs/{answer['id']}"))


def test_a_pipeline_is_submitted_by_name(acme: Client) -> None:
    Pipeline.objects.create(name="p", tasks=[task("shared")])
    Pipeline.objects.create(name="p", tasks=[task("x"), task("y")], tenant=make_tenant("acme"))
    job = body(post(acme, "jobs", {"name": "n", "pipeline": "p", "tasks": None}))
    assert (job["pipeline"], job["progress"]["total"]) == ("p", 2)


def test_a_job_of_the_built_in_pipeline_is_a_demo(acme: Client, settings: Any) -> None:
    if not settings.EMBEDDED:
        pytest.skip("built in only where the console is embedded")
    submitted = [
        post(acme, "jobs", {"name": "n", "pipeline": "tour"}),
        post(acme, "jobs", submission()),
    ]
    assert [body(answer)["demo"] for answer in submitted] == [True, False]
    assert [row["demo"] for row in body(get(acme, "jobs"))["results"]] == [False, True]


def test_a_job_of_a_kept_pipeline_with_the_name_of_the_built_in_one_is_no_demo(
    acme: Client,
) -> None:
    Pipeline.objects.create(name="tour", tasks=[task("x")], tenant=make_tenant("acme"))
    assert body(post(acme, "jobs", {"name": "n", "pipeline": "tour"}))["demo"] is False


def test_anothers_pipeline_and_a_missing_one_are_the_same(acme: Client) -> None:
    Pipeline.objects.create(name="theirs", tasks=[task("x")], tenant=make_tenant("globex"))
    details = {
        errors(post(acme, "jobs", {"name": "n", "pipeline": name}))[0]["detail"].replace(name, "…")
        for name in ("theirs", "nobodys")
    }
    assert len(details) == 1


@pytest.mark.parametrize(
    ("fields", "attr"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a\0"}, "name"),
        ({"pipeline": "p"}, "pipeline"),
        ({"tasks": None}, "pipeline"),
        ({"tasks": None, "pipeline": "ghost"}, "pipeline"),
        ({"tasks": []}, "tasks"),
        ({"tasks": {}}, "tasks"),
        ({"tasks": [task("a", "ghost")]}, "tasks.0.depends_on"),
        ({"tasks": [{"key": "a", "engine_id": "nope"}]}, "tasks.0.engine_id"),
        ({"tasks": [task("a", "b"), task("b", "a")]}, "tasks.0.depends_on"),
        ({"tasks": [task("a", command="rm")]}, "tasks.0.command"),
        ({"tasks": [task("a"), task("b", map={"over": "ghost"})]}, "tasks.1.map.over"),
        ({"tasks": [task("a"), task("b", map={"over": "a", "max": 0})]}, "tasks.1.map.max"),
        ({"parameters": []}, "parameters"),
        ({"parameters": None}, "parameters"),
        ({"parameters": {str(n): n for n in range(10_001)}}, "parameters"),
        ({"priority": 101}, "priority"),
        ({"priority": "5"}, "priority"),
        ({"priority": 1.5}, "priority"),
        ({"priority": True}, "priority"),
        ({"labels": []}, "labels"),
        ({"labels": {"a": 1}}, "labels.a"),
        ({"labels": {"a:b": "c"}}, "labels"),
        ({"labels": {"": "c"}}, "labels"),
        ({"labels": {"a": "v" * 201}}, "labels.a"),
        ({"labels": {str(n): "v" for n in range(51)}}, "labels"),
        ({"colour": "red"}, "colour"),
        ({"parameters": {"f": {"file": "nope"}}}, None),
    ],
)
def test_a_bad_submission_is_refused_by_name(
    acme: Client, fields: dict[str, Any], attr: str | None
) -> None:
    answer = post(acme, "jobs", submission(**fields))
    assert answer.status_code == 400
    if attr is not None:
        assert [error["attr"] for error in errors(answer)] == [attr]
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"7", b'{"name": NaN}', b'{"name": "\\ud800"}', b"\xff", b"[" * 40,
     b'{"name": "n", "parameters": {"n": 18446744073709551616}}'],
)  # fmt: skip
def test_a_body_that_is_no_good_json_is_refused(acme: Client, raw: bytes) -> None:
    answer = acme.post("/api/console/jobs", raw, content_type="application/json")
    assert answer.status_code == 400
    assert errors(answer)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_other_content_types_are_not_read(acme: Client, kind: str) -> None:
    assert acme.post("/api/console/jobs", b"name=x", content_type=kind).status_code == 415


def test_a_file_of_another_tenant_is_refused_as_a_missing_one(acme: Client) -> None:
    theirs = files.create(make_tenant("globex"), "f", [b"x"], SYSTEM)
    own = files.create(make_tenant("acme"), "f", [b"x"], SYSTEM)
    for file, status in ((own, 201), (theirs, 400)):
        config = {"deep": [{"file": str(file.id)}]}
        assert (
            post(acme, "jobs", submission(tasks=[task("a", config=config)])).status_code == status
        )


# Idempotency -------------------------------------------------------------------------------------


def test_the_same_key_and_body_give_the_same_job(acme: Client) -> None:
    first = post(acme, "jobs", submission(), **{"Idempotency-Key": "k"})
    again = post(acme, "jobs", submission(priority=0, labels={}), **{"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert body(first)["id"] == body(again)["id"]


def test_the_same_key_with_another_body_is_refused(acme: Client) -> None:
    post(acme, "jobs", submission(), **{"Idempotency-Key": "k"})
    answer = post(acme, "jobs", submission(priority=1), **{"Idempotency-Key": "k"})
    assert (answer.status_code, errors(answer)[0]["code"]) == (422, "idempotency_conflict")


def test_a_key_is_the_tenants_own(acme: Client) -> None:
    globex = key_client(make_tenant("globex"))
    answers = [post(client, "jobs", submission(), **{"Idempotency-Key": "k"})
               for client in (acme, globex)]  # fmt: skip
    assert [answer.status_code for answer in answers] == [201, 201]


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
def test_a_key_that_cannot_be_is_refused(acme: Client, key: str) -> None:
    answer = post(acme, "jobs", submission(), **{"Idempotency-Key": key})
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "Idempotency-Key")


# Who ---------------------------------------------------------------------------------------------


def test_staff_must_name_the_tenant(acme: Client) -> None:
    staff = staff_client()
    answer = post(staff, "jobs", submission())
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "tenant")
    assert body(post(staff, "jobs?tenant=acme", submission()))["tenant"] == "acme"


def test_a_key_without_the_scope_is_refused() -> None:
    client = key_client(make_tenant("acme"), "jobs:read")
    assert post(client, "jobs", submission()).status_code == 403


def test_a_submit_quota_is_named() -> None:
    client = key_client(make_tenant("acme", max_submits_per_minute=1))
    assert post(client, "jobs", submission()).status_code == 201
    answer = post(client, "jobs", submission())
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert "max_submits_per_minute" in errors(answer)[0]["detail"]
