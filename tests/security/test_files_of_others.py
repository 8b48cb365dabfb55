"""A file's id in a config or in parameters counts only within the tenant, twice looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from apps.jobs import files
from apps.jobs.models import Job, StoredFile
from apps.tasks.engines.staging import Document, Stage
from apps.tasks.models import Task
from apps.tenants.models import Tenant
from tests.console.answers import errors, post
from tests.security.world import Party
from tests.tasks.jobs import claim, make_job, make_worker, task

PLACES = ["parameters", "config", "deep", "clone", "retry", "task"]


def send(own: Party, place: str, file_id: str) -> Any:
    """Name the file in each place that takes one."""
    ref: dict[str, Any] = {"file": file_id}
    if place == "clone":
        job_id = own.ids["ended"]["job_id"]
        return post(own.client, f"jobs/{job_id}/clone", {"parameters": {"x": ref}})
    if place == "retry":
        path = "jobs/{job_id}/tasks/{task_id}/retry".format(**own.ids["ended"])
        return post(own.client, path, {"config": {"x": ref}})
    config = {"config": {"x": [{"y": ref}]}, "deep": {"a": [[{"b": [ref]}]]}}.get(place, {})
    parameters = {"parameters": {"x": ref}, "task": ref}.get(place, {})
    data = {"name": "n", "tasks": [task("a", config=config)], "parameters": parameters}
    return post(own.client, "jobs", data)


@pytest.mark.parametrize("place", PLACES)
def test_the_others_file_is_refused_like_one_that_is_not_there(
    place: str, acme: Party, globex: Party
) -> None:
    foreign, missing = globex.ids["file"]["file_id"], str(uuid7())
    jobs, tasks = Job.objects.count(), list(Task.objects.values("id", "status", "config"))
    answers = [send(acme, place, file_id) for file_id in (foreign, missing)]
    assert [answer.status_code for answer in answers] == [400, 400]
    details = [errors(answer)[0]["detail"] for answer in answers]
    assert details == [f"There is no file {name!r}." for name in (foreign, missing)]
    assert answers[0].content.replace(foreign.encode(), missing.encode()) == answers[1].content
    assert (Job.objects.count(), list(Task.objects.values("id", "status", "config"))) == (
        jobs,
        tasks,
    )


@pytest.mark.parametrize("place", PLACES)
def test_ones_own_file_is_taken(place: str, acme: Party) -> None:
    assert send(acme, place, acme.ids["file"]["file_id"]).status_code in {200, 201}


def smuggled(tenant: Tenant, file_id: str, place: str) -> Document:
    """What the worker is handed when the stored row names a file that submit never saw."""
    job = make_job(tenant=tenant)
    if place == "config":
        Task.objects.filter(job=job).update(config={"x": {"file": file_id}})
    else:
        Job.objects.filter(id=job.id).update(parameters={"x": {"file": file_id}})
    (held,) = claim(make_worker("w8"))
    stage = Stage()
    stage.close()
    return stage.documents([held])[held.task_id]


@pytest.mark.parametrize("place", ["config", "parameters"])
def test_a_smuggled_file_of_the_other_is_refused_when_the_task_runs(
    place: str, acme: Party, globex: Party
) -> None:
    foreign = globex.ids["file"]["file_id"]
    document = smuggled(acme.tenant, foreign, place)
    assert document.resolve() == f"There is no file {foreign!r}."
    assert document.named == {}


def test_ones_own_file_is_handed_to_the_engine(acme: Party, tmp_path: Path) -> None:
    own = acme.ids["file"]["file_id"]
    document = smuggled(acme.tenant, own, "config")
    assert document.resolve() is None
    path = document.render(tmp_path, as_links=False)["files"][own]
    assert Path(path).read_bytes() == b"hello"


def test_an_upload_that_is_not_complete_is_no_file(acme: Party) -> None:
    assert send(acme, "config", acme.ids["upload"]["file_id"]).status_code == 400


def test_without_the_second_look_the_file_would_be_handed_out(
    acme: Party, globex: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    def any_tenants(_: UUID, ids: set[UUID]) -> dict[UUID, StoredFile]:
        return StoredFile.objects.in_bulk(list(ids))

    monkeypatch.setattr(files, "resolve", any_tenants)
    document = smuggled(acme.tenant, globex.ids["file"]["file_id"], "config")
    assert document.resolve() is None
    assert document.named != {}
