"""An http engine: the document is posted to a service, which answers now or is polled."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx

from apps.tasks.engines.context import TaskCancelled

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
LARGEST_ANSWER_BYTES = 4 * 1024 * 1024
DELETE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said, read whole and within bounds."""

    status_code: int
    headers: httpx.Headers
    text: str


class HttpRunner:
    """Talks to one service. 200 is the output; 202 with `Location` is polled; 429 and 503 wait
    without a failure; other 4xx are final; the rest is retried. Redirects are not followed.
    """

    def __init__(self, engine: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
        self._url: str = engine["http"]
        self._send = send
        self._client = httpx.Client(
            follow_redirects=False, timeout=httpx.Timeout(30.0, read=None), trust_env=False
        )

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        location: str | None = None
        document = task["document"]
        headers = {"Idempotency-Key": document["task_id"]}
        try:
            answer = self._patiently("POST", self._url, json=document, headers=headers)
            while answer.status_code == httpx.codes.ACCEPTED:
                location = self._location(answer, location)
                time.sleep(_wait(answer, POLL_SECONDS))
                answer = self._patiently("GET", location)
        except TaskCancelled:
            if location is not None:
                self._delete(location)
            raise
        except httpx.HTTPError as error:
            return {"outcome": "failed", "error": f"{type(error).__name__}: {error}"}
        except BadAnswer as error:
            return {"outcome": "failed", "final": True, "error": str(error)}
        return _verdict(answer)

    def _patiently(self, method: str, url: str, **content: Any) -> Answer:
        while True:
            with self._client.stream(method, url, **content) as response:
                answer = Answer(response.status_code, response.headers, _text(response))
            if answer.status_code not in (429, 503):
                return answer
            pause = _wait(answer, POLL_SECONDS)
            self._log(f"{method} answered {answer.status_code}; again in {pause:.0f} s.")
            time.sleep(pause)

    def _location(self, answer: Answer, known: str | None) -> str:
        value = answer.headers.get("Location")
        if value is None:
            if known is None:
                raise BadAnswer("The service answered 202 without a Location.")
            return known
        location = urljoin(self._url, value)
        if urlsplit(location)[:2] != urlsplit(self._url)[:2]:
            raise BadAnswer("The service's Location points to another host.")
        return str(location)

    def _delete(self, location: str) -> None:
        try:
            self._client.delete(location, timeout=DELETE_SECONDS)
        except httpx.HTTPError as error:
            self._log(f"DELETE failed: {type(error).__name__}: {error}")

    def _log(self, text: str) -> None:
        self._send({"op": "log", "level": "warning", "text": text})


class BadAnswer(Exception):
    """The service broke the protocol."""


def _text(response: httpx.Response) -> str:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > LARGEST_ANSWER_BYTES:
            raise BadAnswer(f"The service's answer is larger than {LARGEST_ANSWER_BYTES:,} bytes.")
    return body.decode("utf-8", "replace")


def _wait(answer: Answer, default: float) -> float:
    value = answer.headers.get("Retry-After", "")
    seconds = float(value) if value.isdecimal() else default
    return min(max(seconds, 0.1), LONGEST_WAIT_SECONDS)


def _verdict(answer: Answer) -> dict[str, Any]:
    code = answer.status_code
    if code == httpx.codes.OK:
        return {"outcome": "completed", "output": answer.text or "null"}
    text = answer.text[:2000].strip()
    error = f"The service answered {code}" + (f": {text}" if text else ".")
    final = 300 <= code < 500
    return {"outcome": "failed", "final": final, "error": error, "error_code": f"http_{code}"}
