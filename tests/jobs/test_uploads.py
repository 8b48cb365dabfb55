"""Uploads in parts: any order, exact sizes, one file in the end."""

from __future__ import annotations

import hashlib

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.jobs import files, uploads
from apps.jobs.models import FilePart, StoredFile
from apps.tenants.audit import SYSTEM
from apps.tenants.models import Tenant
from tests.jobs.storage import content_of, stored_paths

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_storage_of_its_own")]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PART_BYTES", 4)


def begin(tenant: Tenant, size_bytes: int) -> StoredFile:
    return uploads.begin(tenant, "big.bin", size_bytes, SYSTEM)


def test_parts_in_any_order_become_one_file(
    acme: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    file = begin(acme, 10)
    for number, part in ((3, b"89"), (1, b"0123"), (2, b"4567")):
        uploads.put_part(file, number, [part])
    with django_capture_on_commit_callbacks(execute=True):
        done = uploads.complete(file)
    assert done.sha256 == hashlib.sha256(b"0123456789").hexdigest()
    assert content_of(done.path) == b"0123456789"
    assert len(stored_paths()) == 1
    assert not FilePart.objects.exists()


def test_a_part_sent_again_replaces_the_first(
    acme: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    file = begin(acme, 4)
    with django_capture_on_commit_callbacks(execute=True):
        uploads.put_part(file, 1, [b"aaaa"])
        uploads.put_part(file, 1, [b"bbbb"])
    assert len(stored_paths()) == 1
    assert content_of(uploads.complete(file).path) == b"bbbb"


@pytest.mark.parametrize(("number", "part"), [(0, b"aaaa"), (3, b"aaaa"), (1, b"aaa"), (2, b"a")])
def test_a_part_that_cannot_be_is_refused(acme: Tenant, number: int, part: bytes) -> None:
    with pytest.raises(ValidationError):
        uploads.put_part(begin(acme, 6), number, [part])
    assert stored_paths() == []


def test_a_part_that_is_too_long_is_refused(acme: Tenant) -> None:
    with pytest.raises(files.FileTooLarge):
        uploads.put_part(begin(acme, 6), 2, [b"aaa"])
    assert stored_paths() == []


def test_an_upload_with_a_gap_is_not_complete(acme: Tenant) -> None:
    file = begin(acme, 8)
    uploads.put_part(file, 2, [b"bbbb"])
    with pytest.raises(ValidationError, match="Part 1 is missing"):
        uploads.complete(file)


def test_completing_twice_is_completing_once(acme: Tenant) -> None:
    file = begin(acme, 1)
    uploads.put_part(file, 1, [b"x"])
    assert uploads.complete(file).sha256 == uploads.complete(file).sha256


def test_a_complete_file_takes_no_parts(acme: Tenant) -> None:
    whole = files.create(acme, "a", [b"1"], SYSTEM)
    with pytest.raises(uploads.UploadEnded):
        uploads.put_part(whole, 1, [b"x"])


def test_a_part_that_comes_after_the_end_leaves_nothing(acme: Tenant) -> None:
    late = begin(acme, 1)
    uploads.put_part(late, 1, [b"x"])
    done = uploads.complete(StoredFile.objects.get(id=late.id))
    before = len(stored_paths())
    with pytest.raises(uploads.UploadEnded):
        uploads.put_part(late, 1, [b"y"])
    with pytest.raises(uploads.UploadEnded):
        uploads.complete(StoredFile(id=done.id, tenant=acme, size_bytes=1))
    assert len(stored_paths()) == before


@pytest.mark.parametrize("size_bytes", [0, -1, 40_001])
def test_an_upload_of_an_impossible_size_is_refused(acme: Tenant, size_bytes: int) -> None:
    with pytest.raises(ValidationError) as caught:
        begin(acme, size_bytes)
    assert set(caught.value.message_dict) == {"size"}


def test_removing_an_unfinished_upload_takes_its_parts(
    acme: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    file = begin(acme, 8)
    uploads.put_part(file, 1, [b"aaaa"])
    with django_capture_on_commit_callbacks(execute=True):
        files.remove(file, SYSTEM)
    assert stored_paths() == []
