"""What an attempt is given and what it leaves: documents and files between database and hosts."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F
from uuid_utils.compat import uuid7

from apps.jobs import files, links
from apps.jobs.models import Job
from apps.tasks.models import TaskDependency, TaskFile
from apps.tasks.settle import LeftFile
from apps.tasks.status import TaskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from uuid import UUID

    from apps.jobs.models import StoredFile
    from apps.tasks.claims import Claim


class Stage:
    """Prepares documents on the caller's thread, moves bytes on two of its own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="stage")
        self._root = settings.CONSOLE_DATA_DIR / "work"

    def close(self) -> None:
        """Let nothing new begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def folder(self, claim: Claim) -> Path:
        """Where one attempt works."""
        return Path(self._root / f"{claim.task_id}-{claim.attempt}")

    def documents(self, claims: Sequence[Claim]) -> dict[UUID, Document]:
        """The documents of several claims, in four queries."""
        parameters = dict(
            Job.objects.filter(id__in={claim.job_id for claim in claims}).values_list(
                "id", "parameters"
            )
        )
        documents = {
            claim.task_id: Document(claim, parameters.get(claim.job_id, {})) for claim in claims
        }
        edges = TaskDependency.objects.filter(task_id__in=list(documents)).values_list(
            "task_id", "depends_on_id", "depends_on__key", "depends_on__output"
        )
        keys: dict[UUID, list[tuple[Document, str]]] = {}
        for task_id, needed, key, output in edges:
            documents[task_id].inputs[key] = output
            keys.setdefault(needed, []).append((documents[task_id], key))
        left = TaskFile.objects.filter(
            task_id__in=list(keys),
            task__status=TaskStatus.COMPLETED,
            attempt=F("task__attempt"),
        ).select_related("file")
        for row in left:
            for document, key in keys[row.task_id]:
                document.input_files.setdefault(key, []).append(row.file)
        return documents

    def bring(self, document: Document, folder: Path, *, as_links: bool) -> Future[dict[str, Any]]:
        """A fresh folder, and the document with paths (or links) to its files, fetched if needed.

        Fails with OSError.
        """
        return self._pool.submit(_bring, document, folder, as_links=as_links)

    def keep(self, claim: Claim, folder: Path) -> Future[tuple[LeftFile, ...]] | None:
        """Store what the attempt left; `None` when there is nothing."""
        left = sorted(path for path in (folder / "files").iterdir() if _is_plain(path))
        return self._pool.submit(_keep, claim.tenant_id, left) if left else None


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
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "files").mkdir(mode=0o700, parents=True)
    return document.render(folder, as_links=as_links)


def _local(file: StoredFile, folder: Path) -> Path:
    here = files.local_path(file.path)
    if here is not None:
        return here
    target = folder / "in" / str(file.id)
    target.parent.mkdir(exist_ok=True)
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


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
