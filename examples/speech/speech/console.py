"""The few calls to a console that submitting a job and following it takes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast
from uuid import uuid4

import httpx

from speech.plan import TaskSubmission

WHOLE_UPLOAD_BYTES = 64 * 1024 * 1024
WAIT_SECONDS = 1  # the longest that a change of a task goes unseen
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
ENDED = frozenset({"completed", "failed", "cancelled"})


class ConsoleError(Exception):
    """The console is not there or refuses; the text says which and why."""


class Job(TypedDict):
    id: str
    name: str
    status: str
    error: str | None
    duration_ms: int | None


class StoredFile(TypedDict):
    id: str
    name: str


class TaskRow(TypedDict):
    """One task as listed; `files` only where it was asked for by its id."""

    id: str
    key: str
    status: str
    required: bool
    error: str | None
    error_code: str | None
    files: list[StoredFile]


class TaskList(TypedDict):
    """The tasks of a job as they were after event `seq`."""

    seq: int
    tasks: list[TaskRow]


class TaskChange(TypedDict):
    """`key` is there when the task is new: an instance of a map."""

    id: str
    status: str
    key: NotRequired[str]


class Console:
    """A console at `url`, as the tenant of `key` sees it."""

    def __init__(self, url: str, key: str, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(
            base_url=f"{self.url}/api/console",
            headers={"Authorization": f"Token {key}"},
            timeout=TIMEOUT,
            transport=transport or httpx.HTTPTransport(retries=3),
        )

    def upload(self, path: Path) -> str:
        """Stores a file and returns its id."""
        size = path.stat().st_size
        if size > WHOLE_UPLOAD_BYTES:
            return self._upload_in_parts(path, size)
        response = self._call(
            "POST", "/files", params={"name": path.name}, content=path.read_bytes()
        )
        return cast("StoredFile", response.json())["id"]

    def submit(
        self, name: str, tasks: list[TaskSubmission], parameters: Mapping[str, object]
    ) -> Job:
        body = {"name": name, "tasks": tasks, "parameters": parameters}
        headers = {"Idempotency-Key": str(uuid4())}
        return cast("Job", self._call("POST", "/jobs", json=body, headers=headers).json())

    def tasks(self, job_id: str) -> TaskList:
        return cast("TaskList", self._call("GET", f"/jobs/{job_id}/tasks").json())

    def follow(self, job_id: str, seq: int) -> Iterator[TaskChange]:
        """Each change of a single task's status after event `seq`, until the job has ended.

        Changes of many tasks at once are not told one by one; the list of tasks has them.
        """
        ended = False
        while not ended:
            job = self._call("GET", f"/jobs/{job_id}", params={"wait": WAIT_SECONDS}).json()
            ended = job["status"] in ENDED
            while events := self._events(job_id, seq):
                seq = events[-1]["seq"]
                for event in events:
                    yield from (
                        change for change in event["changes"].get("tasks", []) if "status" in change
                    )

    def job(self, job_id: str) -> Job:
        return cast("Job", self._call("GET", f"/jobs/{job_id}").json())

    def task_files(self, job_id: str, task_id: str) -> dict[str, bytes]:
        """What a task stored, by name."""
        task = cast("TaskRow", self._call("GET", f"/jobs/{job_id}/tasks/{task_id}").json())
        return {
            file["name"]: self._call("GET", f"/files/{file['id']}").content
            for file in task["files"]
        }

    def _events(self, job_id: str, after: int) -> list[Any]:
        response = self._call("GET", f"/jobs/{job_id}/events", params={"after": after})
        return cast("list[Any]", response.json()["events"])

    def _upload_in_parts(self, path: Path, size: int) -> str:
        upload = self._call("POST", "/files", params={"name": path.name, "size": size}).json()
        with path.open("rb") as source:
            parts = iter(lambda: source.read(upload["part_bytes"]), b"")
            for number, part in enumerate(parts, start=1):
                self._call("PUT", f"/files/{upload['id']}/parts/{number}", content=part)
        self._call("POST", f"/files/{upload['id']}/complete")
        return cast("str", upload["id"])

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: object = None,
    ) -> httpx.Response:
        try:
            response = self._http.request(
                method, path, params=params, headers=headers, content=content, json=json
            )
        except httpx.TransportError as error:
            raise ConsoleError(f"the console at {self.url} does not answer: {error}") from error
        if response.is_success:
            return response
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise ConsoleError(f"the console at {self.url} does not accept the key")
        raise ConsoleError(
            f"{method} {path} was refused with {response.status_code}: {_reasons(response)}"
        )


def _reasons(response: httpx.Response) -> str:
    try:
        errors = response.json()["errors"]
        return "; ".join(
            f"{error['attr']}: {error['detail']}" if error["attr"] else error["detail"]
            for error in errors
        )
    except (ValueError, KeyError, TypeError):
        return response.reason_phrase
