"""Files over HTTP: whole, in parts, downloaded as attachments."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.test import AsyncClient, Client
from pytest_django import Settings
from uuid_utils.compat import uuid7

from apps.jobs import uploads
from apps.jobs.models import StoredFile
from tests.console.answers import body, errors, get
from tests.factories import key_client, make_key, make_tenant, staff_client

pytestmark = pytest.mark.django_db

BINARY = "application/octet-stream"


@pytest.fixture(autouse=True)
def _storage_of_its_own(tmp_path: Path, settings: Settings) -> None:
    folder = {"BACKEND": "django.core.files.storage.FileSystemStorage",
              "OPTIONS": {"location": tmp_path}}  # fmt: skip
    settings.STORAGES = {**settings.STORAGES, "default": folder}


def send(client: Client, query: str, data: bytes = b"", kind: str = BINARY) -> Any:
    return client.post(f"/api/console/files?{query}", data, content_type=kind)


def content(answer: Any) -> bytes:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def kept() -> int:
    root = Path(default_storage.path(""))
    return sum(1 for found in root.rglob("*") if found.is_file())


@pytest.mark.parametrize("kind", [BINARY, "audio/flac", "application/x-www-form-urlencoded"])
def test_a_file_comes_back_as_it_went_in(acme: Client, kind: str) -> None:
    answer = send(acme, "name=a%20b.txt", b"hello", kind)
    assert answer.status_code == 201
    file = body(answer)
    assert set(file) == {"id", "name", "size_bytes", "sha256", "created_at"}
    assert (file["name"], file["size_bytes"]) == ("a b.txt", 5)
    assert file["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert body(get(acme, f"files/{file['id']}/info")) == file
    assert content(get(acme, f"files/{file['id']}")) == b"hello"


def test_a_download_can_do_no_harm_in_a_browser(acme: Client) -> None:
    file = body(send(acme, "name=x%22%C3%A9.html", b"<script>"))
    answer = get(acme, f"files/{file['id']}")
    content(answer)
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''x%22")
    assert answer["Content-Type"] == BINARY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Length"] == "8"


def test_a_download_comes_whatever_is_accepted(acme: Client) -> None:
    file = body(send(acme, "name=a.flac", b"fLaC"))
    answer = acme.get(f"/api/console/files/{file['id']}", headers={"Accept": "audio/flac"})
    assert content(answer) == b"fLaC"


def test_a_download_is_streamed_under_asgi(acme: Client, db: None) -> None:
    file = body(send(acme, "name=big", b"x" * 600_000))
    headers = {"Authorization": f"Token {make_key(make_tenant('acme'))}"}

    path = f"/api/console/files/{file['id']}"

    async def download() -> list[int]:
        answer: Any = await AsyncClient().get(path, headers=headers)
        return [len(chunk) async for chunk in answer]

    assert async_to_sync(download)() == [262_144, 262_144, 75_712]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("", "name"),
        ("name=", "name"),
        ("name=..", "name"),
        ("name=a/b", "name"),
        ("name=%00", "name"),
        ("name=a%E2%80%AEb", "name"),
        (f"name={'x' * 256}", "name"),
        ("name=a&size=0", "size"),
        ("name=a&size=x", "size"),
        ("name=a&size=999999999999999", "size"),
        ("name=a&kind=b", "kind"),
    ],
)
def test_a_bad_upload_is_refused_by_name(acme: Client, query: str, attr: str) -> None:
    answer = send(acme, query, b"x")
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, attr)
    assert kept() == 0


def test_a_body_above_its_limit_is_refused(acme: Client, settings: Settings) -> None:
    settings.CONSOLE_MAX_FILE_BODY_BYTES = 3
    assert send(acme, "name=a", b"1234").status_code == 413
    assert kept() == 0


def test_staff_must_name_the_tenant(acme: Client) -> None:
    staff = staff_client()
    assert errors(send(staff, "name=a", b"x"))[0]["attr"] == "tenant"
    assert send(staff, "name=a&tenant=acme", b"x").status_code == 201


def test_a_deleted_file_is_gone(acme: Client, django_capture_on_commit_callbacks: Any) -> None:
    file_id = body(send(acme, "name=a", b"x"))["id"]
    with django_capture_on_commit_callbacks(execute=True):
        assert acme.delete(f"/api/console/files/{file_id}").status_code == 204
    assert get(acme, f"files/{file_id}").status_code == 404
    assert kept() == 0


# In parts ----------------------------------------------------------------------------------------


@pytest.fixture
def upload(acme: Client, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(uploads, "PART_BYTES", 4)
    answer = send(acme, "name=big&size=6")
    assert answer.status_code == 201
    begun: dict[str, Any] = body(answer)
    assert begun == {"id": begun["id"], "part_bytes": 4}
    return begun


def put(client: Client, upload: dict[str, Any], number: object, data: bytes) -> Any:
    path = f"/api/console/files/{upload['id']}/parts/{number}"
    return client.put(path, data, content_type=BINARY)


def complete(client: Client, upload: dict[str, Any]) -> Any:
    return client.post(f"/api/console/files/{upload['id']}/complete")


def test_parts_become_one_file(acme: Client, upload: dict[str, Any]) -> None:
    assert body(put(acme, upload, 2, b"45")) == {"number": 2, "size_bytes": 2}
    assert put(acme, upload, 1, b"0123").status_code == 200
    file = body(complete(acme, upload))
    assert file["sha256"] == hashlib.sha256(b"012345").hexdigest()
    assert content(get(acme, f"files/{upload['id']}")) == b"012345"


def test_an_unfinished_file_has_no_bytes_yet(acme: Client, upload: dict[str, Any]) -> None:
    assert get(acme, f"files/{upload['id']}").status_code == 404
    assert body(get(acme, f"files/{upload['id']}/info"))["sha256"] is None


@pytest.mark.parametrize(
    ("number", "data", "status"),
    [(0, b"x", 400), (3, b"x", 400), (1, b"123", 400), (1, b"12345", 413), ("x", b"1234", 404)],
)
def test_a_part_that_cannot_be_is_refused(
    acme: Client, upload: dict[str, Any], number: object, data: bytes, status: int
) -> None:
    assert put(acme, upload, number, data).status_code == status


def test_a_gap_is_named(acme: Client, upload: dict[str, Any]) -> None:
    answer = complete(acme, upload)
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "parts")


def test_a_complete_file_takes_no_parts(acme: Client) -> None:
    file = body(send(acme, "name=a", b"x"))
    assert put(acme, file, 1, b"x").status_code == 409
    assert complete(acme, file).status_code == 200


def test_an_upload_in_parts_begins_without_a_body(acme: Client) -> None:
    answer = send(acme, "name=a&size=6", b"x")
    assert (answer.status_code, errors(answer)[0]["attr"]) == (400, "size")


def test_a_foreign_file_and_a_missing_one_are_the_same(acme: Client) -> None:
    globex = key_client(make_tenant("globex"))
    file_id = body(send(globex, "name=a", b"x"))["id"]
    for path in ("", "/info"):
        theirs, nobodys = (get(acme, f"files/{each}{path}") for each in (file_id, uuid7()))
        assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    assert acme.delete(f"/api/console/files/{file_id}").status_code == 404
    assert StoredFile.objects.count() == 1
