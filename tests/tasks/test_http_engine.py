from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.jobs import files
from apps.tasks import control
from apps.tasks.engines import http
from apps.tasks.engines.http import HttpRunner
from apps.tasks.engines.registry import registry
from apps.tenants.audit import SYSTEM
from tests.factories import make_tenant
from tests.tasks.jobs import by_key, ended, make_job, task
from tests.tasks.test_dispatcher import Start
from tests.waiting import eventually


class Service:
    """A real HTTP service that answers from a script and keeps what it was asked."""

    def __init__(self) -> None:
        self.script: list[tuple[int, dict[str, str], bytes]] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.asked.append((self.command, self.path, dict(self.headers), body))
                last = len(service.script) == 1
                code, headers, text = service.script[0] if last else service.script.pop(0)
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = _answer

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def say(self, code: int, text: str = "", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.script.append((code, named, text.encode()))

    def methods(self) -> list[str]:
        return [asked[0] for asked in self.asked]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(http, "POLL_SECONDS", 0.05)
    service = Service()
    yield service
    service.close()


def run(service: Service) -> dict[str, Any]:
    runner = HttpRunner({"http": f"{service.url}/run"}, lambda _: None)
    try:
        return runner({"document": {"task_id": "t1", "config": {}}})
    finally:
        runner._client.close()


def test_a_200_is_the_output(service: Service) -> None:
    service.say(200, '{"n": 1}')
    assert run(service) == {"outcome": "completed", "output": '{"n": 1}'}
    assert service.asked[0][2]["Idempotency-Key"] == "t1"


def test_a_202_is_polled_at_its_location(service: Service) -> None:
    service.say(202, Location="/runs/7")
    service.say(202)
    service.say(200, "7")
    assert run(service)["output"] == "7"
    assert [asked[:2] for asked in service.asked] == [
        ("POST", "/run"), ("GET", "/runs/7"), ("GET", "/runs/7"),
    ]  # fmt: skip


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_service_is_waited_for_without_a_failure(service: Service, code: int) -> None:
    service.say(code, Retry_After="0")
    service.say(200, "1")
    assert run(service)["outcome"] == "completed"


@pytest.mark.parametrize(("code", "final"), [(400, True), (404, True), (500, False), (502, False)])
def test_other_4xx_are_final_and_5xx_are_retried(service: Service, code: int, final: bool) -> None:
    service.say(code, "why")
    answer = run(service)
    assert (answer["outcome"], answer["final"]) == ("failed", final)
    assert "why" in answer["error"]


def test_a_redirect_is_not_followed(service: Service) -> None:
    service.say(302, Location="/elsewhere")
    assert run(service)["final"] is True
    assert len(service.asked) == 1


def test_a_location_on_another_host_is_refused(service: Service) -> None:
    service.say(202, Location="http://127.0.0.2:1/runs/7")
    assert "another host" in run(service)["error"]


def test_an_answer_without_end_is_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "LARGEST_ANSWER_BYTES", 1000)
    service.say(200, "x" * 5000)
    answer = run(service)
    assert answer["final"] is True
    assert "larger than 1,000 bytes" in answer["error"]


def test_a_service_that_is_not_there_is_retried() -> None:
    runner = HttpRunner({"http": "http://127.0.0.1:1/"}, lambda _: None)
    answer = runner({"document": {"task_id": "t1"}})
    runner._client.close()
    assert (answer["outcome"], answer.get("final")) == ("failed", None)


@pytest.fixture
def engine(service: Service, tmp_path: Path, settings: Any) -> Iterator[None]:
    file = tmp_path / "engines.toml"
    file.write_text(f'[engines.web]\nhttp = "{service.url}/run"\n')
    settings.CONSOLE_ENGINES = str(file)
    registry.cache_clear()
    yield
    registry.cache_clear()


@pytest.mark.usefixtures("engine")
def test_cancel_deletes_what_the_service_was_doing(service: Service, dispatch: Start) -> None:
    service.say(202, Location="/runs/7")
    job = make_job(task("a", engine_id="web"))
    dispatch()
    eventually(lambda: "GET" in service.methods())
    control.cancel(job.id, SYSTEM)
    assert ended(job).status == "cancelled"
    assert ("DELETE", "/runs/7") in [asked[:2] for asked in service.asked]


@pytest.mark.usefixtures("engine")
def test_a_service_gets_signed_links_to_files(service: Service, dispatch: Start) -> None:
    service.say(200, '"done"')
    file = files.create(make_tenant(), "a.txt", [b"text"], SYSTEM)
    job = make_job(task("a", engine_id="web", config={"in": {"file": str(file.id)}}))
    dispatch()
    assert ended(job).status == "completed"
    assert by_key(job, "a").output == "done"
    link = json.loads(service.asked[0][3])["files"][str(file.id)]
    assert "/api/console/signed-files/" in link


@pytest.mark.django_db
def test_a_signed_link_gives_the_file_and_a_forged_one_nothing(client: Any) -> None:
    from apps.jobs.links import link_to

    file = files.create(make_tenant(), "a.txt", [b"text"], SYSTEM)
    path = httpx.URL(link_to(file.id)).path
    assert b"".join(client.get(path).streaming_content) == b"text"
    assert client.get(path + "x").status_code == 404
