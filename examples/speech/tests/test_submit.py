"""The submitting side against a console that answers from a script."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from attempts import EXAMPLE

from speech import console
from speech.console import Console, ConsoleError
from speech.plan import TASKS

Answer = Callable[[httpx.Request], httpx.Response]


class Script:
    """Answers by method and path; keeps what was asked."""

    def __init__(self, answers: dict[str, list[httpx.Response]]) -> None:
        self.answers = {call: iter(given) for call, given in answers.items()}
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return next(self.answers[f"{request.method} {request.url.path}"])


def opened(script: Answer) -> Console:
    return Console("http://console.test/", "key", httpx.MockTransport(script))


def answer(body: object, status: int = 200) -> list[httpx.Response]:
    return [httpx.Response(status, json=body)]


def refusal(status: int, detail: str, attr: str | None = None) -> list[httpx.Response]:
    errors = [{"code": "invalid", "detail": detail, "attr": attr}]
    return answer({"type": "validation_error", "errors": errors}, status)


def test_a_file_is_sent_whole_with_the_key(recording: Path) -> None:
    script = Script({"POST /api/console/files": answer({"id": "f1"}, 201)})
    assert opened(script).upload(recording) == "f1"
    (request,) = script.asked
    assert request.headers["Authorization"] == "Token key"
    assert request.url.params["name"] == recording.name
    assert request.content == recording.read_bytes()


def test_a_large_file_is_sent_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "WHOLE_UPLOAD_BYTES", 8)
    audio = tmp_path / "a.wav"
    audio.write_bytes(b"0123456789")
    done = [httpx.Response(204)]
    script = Script(
        {
            "POST /api/console/files": answer({"id": "f1", "part_bytes": 6}, 201),
            "PUT /api/console/files/f1/parts/1": done,
            "PUT /api/console/files/f1/parts/2": [httpx.Response(204)],
            "POST /api/console/files/f1/complete": answer({"id": "f1"}),
        }
    )
    assert opened(script).upload(audio) == "f1"
    assert [request.content for request in script.asked[1:3]] == [b"012345", b"6789"]
    assert script.asked[0].url.params["size"] == "10"


def test_a_job_is_submitted_once_however_often_it_is_sent() -> None:
    script = Script({"POST /api/console/jobs": answer({"id": "j1"}, 201)})
    opened(script).submit("Transcribe", TASKS, {"audio": {"file": "f1"}})
    (request,) = script.asked
    assert request.headers["Idempotency-Key"]
    body = json.loads(request.content)
    assert body["tasks"][2]["map"] == {"over": "vad", "path": "segments", "max": 2000}
    assert body["parameters"] == {"audio": {"file": "f1"}}


def event(seq: int, *tasks: object) -> dict[str, object]:
    return {"seq": seq, "changes": {"job": {}, "tasks": list(tasks)}}


def test_every_change_is_followed_to_the_end() -> None:
    ready, running = {"id": "t1", "status": "ready"}, {"id": "t1", "status": "running"}
    completed = {"id": "t1", "status": "completed"}
    pages = [[event(1, ready), event(2, running)], [], [event(3, completed)], []]
    script = Script(
        {
            "GET /api/console/jobs/j1": answer({"status": "running"})
            + answer({"status": "completed"}),
            "GET /api/console/jobs/j1/events": [
                httpx.Response(200, json={"events": page, "next": None}) for page in pages
            ],
        }
    )
    assert list(opened(script).follow("j1", 0)) == [ready, running, completed]
    after = [request.url.params.get("after") for request in script.asked]
    assert [seq for seq in after if seq] == ["0", "2", "2", "3"]


def test_a_wrong_key_is_said_in_a_sentence() -> None:
    script = Script({"GET /api/console/jobs/j1": refusal(401, "Invalid token.")})
    with pytest.raises(ConsoleError, match=r"http://console.test does not accept the key"):
        opened(script).job("j1")


def test_a_refusal_names_what_is_wrong() -> None:
    script = Script({"POST /api/console/jobs": refusal(400, "Unknown engine.", "tasks.0")})
    with pytest.raises(ConsoleError, match=r"POST /jobs .* 400: tasks\.0: Unknown engine\."):
        opened(script).submit("Transcribe", [], {})


def test_a_console_that_is_not_there_is_said_in_a_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    with pytest.raises(ConsoleError, match="does not answer: Connection refused"):
        opened(refuse).job("j1")


def test_an_answer_that_is_no_json_is_told_by_its_status() -> None:
    def page(_: httpx.Request) -> httpx.Response:
        return httpx.Response(502, text="<html>")

    with pytest.raises(ConsoleError, match="502: Bad Gateway"):
        opened(page).job("j1")


def run_submit(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("YARDMASTER_")
    }
    command = [sys.executable, str(EXAMPLE / "submit.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.mp3", "--key", "k"], "there is no file nowhere.mp3"),
        (["--reference", "nowhere.txt", "--key", "k"], "there is no file nowhere.txt"),
        ([], "a key is needed"),
        (["--key", "k", "--url", "http://127.0.0.1:9"], "http://127.0.0.1:9 does not answer"),
        (["--key", "k", "--url", "nonsense"], "nonsense does not answer"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: list[str], said: str) -> None:
    done = run_submit(*arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
