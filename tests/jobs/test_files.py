"""Files: bytes and rows together, safe names, references within the tenant."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from uuid_utils.compat import uuid7

from apps.jobs import files, uploads
from apps.jobs.models import StoredFile
from apps.tenants.audit import SYSTEM
from apps.tenants.models import AuditEntry, Tenant
from tests.factories import make_tenant
from tests.jobs.storage import RemoteStorage, content_of, stored_paths

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_storage_of_its_own")]


# Bytes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", [io.BytesIO(b"abcdef"), [b"abc", b"", b"def"]])
def test_bytes_are_stored_with_their_size_and_hash(source: files.Source, tmp_path: Path) -> None:
    stored = files.put(source, uuid7())
    assert (stored.size_bytes, stored.sha256) == (6, hashlib.sha256(b"abcdef").hexdigest())
    files.fetch(stored.path, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"abcdef"
    local = files.local_path(stored.path)
    assert local is not None
    assert local.read_bytes() == b"abcdef"


def test_a_large_source_is_read_in_pieces() -> None:
    sizes: list[int] = []

    def pieces() -> Iterator[bytes]:
        for _ in range(50):
            sizes.append(len(stored_paths()))
            yield b"x" * 100_000

    assert files.put(pieces(), uuid7()).size_bytes == 5_000_000
    assert sizes[-1] == 1


def test_a_source_that_breaks_leaves_nothing() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 1000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        files.put(broken(), uuid7())
    assert stored_paths() == []


def test_a_source_above_its_limit_leaves_nothing() -> None:
    assert files.put([b"123"], uuid7(), at_most=3).size_bytes == 3
    with pytest.raises(files.FileTooLarge):
        files.put([b"123", b"4"], uuid7(), at_most=3)
    assert len(stored_paths()) == 1


def test_tenants_lie_in_folders_of_their_own() -> None:
    tenant_id = uuid7()
    assert files.put([b"x"], tenant_id).path.startswith(f"{tenant_id}/")


def test_a_storage_without_folders_has_no_local_path(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{RemoteStorage.__module__}.RemoteStorage"},
    }
    stored = files.put([b"x"], uuid7())
    assert files.local_path(stored.path) is None
    assert content_of(stored.path) == b"x"


# Rows --------------------------------------------------------------------------------------------


def test_a_file_is_created_whole_and_audited(acme: Tenant) -> None:
    file = files.create(acme, "a.txt", [b"hello"], SYSTEM)
    assert (file.tenant, file.name, file.size_bytes) == (acme, "a.txt", 5)
    assert file.completed_at is not None
    assert AuditEntry.objects.get().action == "create"


def test_a_file_whose_row_cannot_be_written_leaves_no_bytes(acme: Tenant) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            files.create(acme, "a.txt", [b"hello"], SYSTEM)
    assert stored_paths() == []


def test_a_bad_name_is_refused_before_anything_is_read(acme: Tenant) -> None:
    with pytest.raises(ValidationError):
        files.create(acme, "../a", iter(()), SYSTEM)
    assert stored_paths() == []


def test_removal_takes_row_and_bytes(
    acme: Tenant, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    file = files.create(acme, "a.txt", [b"hello"], SYSTEM)
    with django_capture_on_commit_callbacks(execute=True):
        files.remove(file, SYSTEM)
        assert len(stored_paths()) == 1
    assert stored_paths() == []
    assert not StoredFile.objects.exists()
    assert AuditEntry.objects.filter(action="delete").count() == 1


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "a/b", "a\\b", "a\0b", "a\nb", "a\x7fb", "a\u202eb", "ä" * 128,
             "\u2028", "\ud800"],
)  # fmt: skip
def test_a_name_that_could_harm_is_refused(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        files.safe_name(name)
    assert set(caught.value.message_dict) == {"name"}


@pytest.mark.parametrize("name", ["a.txt", ".env", "Ünï 音声.flac", "a" * 255, "👩‍🚀.png"])
def test_other_names_stay_as_they_are(name: str) -> None:
    assert files.safe_name(name) == name


# References --------------------------------------------------------------------------------------


def test_references_are_found_anywhere() -> None:
    first, second = uuid7(), uuid7()
    value = {"a": [{"file": str(first)}], "b": {"c": {"file": str(second).upper()}}, "file": "x"}
    assert files.references(value) == {first, second}


@pytest.mark.parametrize(
    "value", [None, "file", {}, {"file": 7}, {"file": "x", "other": 1}, {"file": {"deep": []}}]
)
def test_what_only_looks_like_a_reference_is_none(value: object) -> None:
    assert files.references(value) == set()


@pytest.mark.parametrize("name", ["", "x", "../etc/passwd", "{12345678123456781234567812345678}"])
def test_a_malformed_reference_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        files.references([{"file": name}])


nested = st.recursive(
    st.none() | st.text() | st.uuids().map(lambda uuid: {"file": str(uuid)}),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
)


@given(nested)
def test_references_are_what_recursion_finds(value: object) -> None:
    def find(item: object) -> set[UUID]:
        if isinstance(item, dict):
            if set(item) == {"file"}:
                return {UUID(item["file"])}
            return {found for inner in item.values() for found in find(inner)}
        return (
            {found for inner in item for found in find(inner)} if isinstance(item, list) else set()
        )

    assert files.references(value) == find(value)


def test_a_tenant_resolves_its_own_complete_files_only(acme: Tenant) -> None:
    own = files.create(acme, "a", [b"1"], SYSTEM)
    foreign = files.create(make_tenant("globex"), "b", [b"2"], SYSTEM)
    unfinished = uploads.begin(acme, "b", 9, SYSTEM)
    assert files.resolve(acme.id, [own.id]) == {own.id: own}
    messages = set()
    for file_id in (foreign.id, unfinished.id, uuid7()):
        with pytest.raises(ValidationError) as caught:
            files.resolve(acme.id, [own.id, file_id])
        messages.add(caught.value.message.replace(str(file_id), "…"))
    assert messages == {"There is no file '…'."}


def test_many_files_are_resolved_in_pieces(acme: Tenant) -> None:
    with pytest.raises(ValidationError):
        files.resolve(acme.id, [uuid7() for _ in range(1200)])
