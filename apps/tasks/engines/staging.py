"""What an attempt is given and what it leaves: documents and files between database and hosts."""

from __future__ import annotations

import os
import shutil
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from apps.jobs import files, links
from apps.tasks.models import TaskFile
from apps.tasks.settle import LeftFile
from apps.tasks.status import TaskStatus
from apps.tenants import sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from uuid import UUID

    from apps.jobs.models import StoredFile
    from apps.tasks.claims import Claim


REMEMBERED_JOBS = 256
LARGEST_REMEMBERED = 64 * 1024

_PARAMETERS = "WITH ROWS r(id uuid) SELECT j.id, j.parameters FROM r JOIN jobs_job j ON j.id = r.id"


class Stage:
    """Prepares documents on the caller's thread, moves bytes on two of its own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="stage")
        self._root = settings.CONSOLE_DATA_DIR / "work"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._parameters: OrderedDict[UUID, str] = OrderedDict()

    def close(self) -> None:
        """Let nothing new begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def folder(self, claim: Claim) -> Path:
        """Where one attempt works."""
        return Path(self._root / f"{claim.task_id}-{claim.attempt}")

    def documents(self, claims: Sequence[Claim]) -> dict[UUID, Document]:
        """The documents of several claims, in at most two queries."""
        parameters = self._parameters_of({claim.job_id for claim in claims})
        documents = {
            claim.task_id: Document(claim, sql.json_of(parameters.get(claim.job_id, "{}")))
            for claim in claims
        }
        with_files: dict[UUID, list[tuple[Document, str]]] = {}
        for claim in claims:
            document = documents[claim.task_id]
            for needed, key, output, files_left in claim.inputs:
                document.inputs[key] = output
                if files_left:
                    with_files.setdefault(needed, []).append((document, key))
        if with_files:
            _add_files(with_files)
        return documents

    def _parameters_of(self, job_ids: set[UUID]) -> dict[UUID, str]:
        """A job's parameters never change, so small ones are remembered."""
        known = {
            job_id: self._parameters[job_id] for job_id in job_ids if job_id in self._parameters
        }
        missing = [{"id": sql.uuid_in(job_id)} for job_id in job_ids - known.keys()]
        for job_id, text in sql.run(_PARAMETERS, sql.rows(missing)) if missing else ():
            known[sql.uuid_of(job_id)] = text
            if len(text) <= LARGEST_REMEMBERED:
                self._parameters[sql.uuid_of(job_id)] = text
        while len(self._parameters) > REMEMBERED_JOBS:
            self._parameters.popitem(last=False)
        return known

    def bring(
        self, document: Document, folder: Path, *, as_links: bool
    ) -> dict[str, Any] | Future[dict[str, Any]]:
        """A fresh folder, and the document with paths (or links) to its files, fetched if needed.

        At once where there is nothing to fetch. Raises OSError, or fails with it later.
        """
        if document.has_files:
            return self._pool.submit(_bring, document, folder, as_links=as_links)
        return _bring(document, folder, as_links=as_links)

    def keep(self, claim: Claim, folder: Path) -> Future[tuple[LeftFile, ...]] | None:
        """Store what the attempt left; `None` when there is nothing."""
        try:
            with os.scandir(folder / "files") as entries:
                left = sorted(e.path for e in entries if e.is_file(follow_symlinks=False))
        except FileNotFoundError:
            return None
        return self._pool.submit(_keep, claim.tenant_id, list(map(Path, left))) if left else None


def _add_files(wanted: dict[UUID, list[tuple[Document, str]]]) -> None:
    """The files that dependencies left; those of a template are its instances', by their keys."""
    left = TaskFile.objects.filter(
        Q(task_id__in=list(wanted)) | Q(task__mapped_from_id__in=list(wanted)),
        task__status=TaskStatus.COMPLETED,
        attempt=F("task__attempt"),
    ).select_related("file", "task")
    for row in left.defer("task__output", "task__config"):
        for document, key in wanted.get(row.task_id, ()):
            document.input_files.setdefault(key, []).append(row.file)
        template_id = row.task.mapped_from_id
        for document, _ in wanted.get(template_id, ()) if template_id else ():
            document.input_files.setdefault(row.task.key, []).append(row.file)


class Document:
    """What one attempt is told."""

    def __init__(self, claim: Claim, parameters: dict[str, Any]) -> None:
        self.claim = claim
        self.parameters = parameters
        self.inputs: dict[str, Any] = {}
        self.input_files: dict[str, list[StoredFile]] = {}
        self.named: dict[UUID, StoredFile] = {}

    def resolve(self) -> str | None:
        """Look up the files that config and parameters name; a sentence when one is gone."""
        wanted = files.references(self.parameters) | files.references(self.claim.config)
        if not wanted:
            return None
        try:
            self.named = files.resolve(self.claim.tenant_id, wanted)
        except ValidationError as error:
            return " ".join(error.messages)
        return None

    @property
    def has_files(self) -> bool:
        return bool(self.named or self.input_files)

    def render(self, folder: Path, *, as_links: bool) -> dict[str, Any]:
        """As it goes to the engine; see `docs/engines.md`."""
        claim = self.claim

        def place(file: StoredFile) -> str:
            return links.link_to(file.id) if as_links else str(_local(file, folder))

        return {
            "job_id": str(claim.job_id),
            "task_id": str(claim.task_id),
            "key": claim.key,
            "attempt": claim.attempt,
            "config": claim.config,
            "parameters": self.parameters,
            "inputs": self.inputs,
            "files": {str(file.id): place(file) for file in self.named.values()},
            "input_files": {
                key: {file.name: place(file) for file in left}
                for key, left in self.input_files.items()
            },
        }


def _bring(document: Document, folder: Path, *, as_links: bool) -> dict[str, Any]:
    """The folder is made by whoever puts the first thing into it: most tasks never do."""
    if folder.exists():
        shutil.rmtree(folder)
    return document.render(folder, as_links=as_links)


def _local(file: StoredFile, folder: Path) -> Path:
    here = files.local_path(file.path)
    if here is not None:
        return here
    target = folder / "in" / str(file.id)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.fetch(file.path, target)
    return target


def _keep(tenant_id: UUID, paths: list[Path]) -> tuple[LeftFile, ...]:
    left = []
    for path in paths:
        with path.open("rb") as source:
            stored = files.put(source, tenant_id)
        name = files.safe_name(path.name)
        left.append(LeftFile(uuid7(), name, stored.path, stored.size_bytes, stored.sha256))
    return tuple(left)


def clear(folder: Path) -> None:
    """Remove an attempt's folder, if it ever had one."""
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
