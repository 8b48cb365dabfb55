"""Two real workers that transcribe real audio, as the Realtime page shows them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.consoles import ROOT, Client, Console, EmbeddedConsole
from tests.e2e.browser import SOON_MS, login, shot
from tests.e2e.conftest import watched
from tests.servers import free_port

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "realtime"
PYTHON = str(EXAMPLE / ".venv" / "bin" / "python")
RECORDING = ROOT / "examples" / "speech" / "data" / "sense_and_sensibility.flac"
SCOPES = "realtime:read,realtime:write"
LEASE = 6
GONE_MS = (LEASE + 15) * 1_000


@dataclass
class Pool:
    """The console with its two workers, and the clients that speak to them."""

    console: Console
    acme: Client
    worker_key: str
    workers: dict[str, subprocess.Popen[str]] = field(default_factory=dict)
    clients: list[subprocess.Popen[str]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def start(self, name: str) -> None:
        port = free_port()
        self.names[f"ws://127.0.0.1:{port}"] = name
        server = ["live.server", name, "--console", self.console.url, "--port", str(port)]
        worker = self._spawn(*server, YARDMASTER_WORKER_KEY=self.worker_key)
        assert worker.stdout
        assert "2 places" in worker.stdout.readline()
        self.workers[name] = worker

    def speaks(self, seconds: float) -> tuple[subprocess.Popen[str], str, str]:
        """A client that streams the recording as one speaks; its session, and who holds it."""
        command = ["live.stream", str(RECORDING), "--console", self.console.url]
        client = self._spawn(*command, "--seconds", str(seconds), YARDMASTER_KEY=self.acme.key)
        self.clients.append(client)
        assert client.stdout
        _, session, _, endpoint = client.stdout.readline().split()
        return client, session, self.names[endpoint]

    def session(self, session: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.acme.get(f"/realtime/sessions/{session}").json()
        return answer

    def stop(self) -> None:
        for process in [*self.clients, *self.workers.values()]:
            process.terminate()
            process.communicate(timeout=20)

    def _spawn(self, *argv: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [PYTHON, "-u", "-m", *argv], cwd=EXAMPLE, text=True, stdout=subprocess.PIPE,
            env={**self.console.environment, **environment},
        )  # fmt: skip


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    install = [sys.executable, str(EXAMPLE / "run.py"), "--install"]
    subprocess.run(install, check=True)
    environment = {"CONSOLE_ENGINES": "", "CONSOLE_LEASE_SECONDS": str(LEASE)}
    with EmbeddedConsole(tmp_path_factory.mktemp("speech"), environment) as running:
        yield running


@pytest.fixture(scope="module")
def acme(console: Console) -> Client:
    return console.tenant("acme", SCOPES)


@pytest.fixture
def pool(console: Console, acme: Client) -> Iterator[Pool]:
    key = console.manage("issue_worker_key", "asr-").splitlines()[-1]
    running = Pool(console, acme, key)
    try:
        running.start("asr-1")
        running.start("asr-2")
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def staff_state(browser: Browser, console: Console) -> Iterator[StorageState]:
    with watched(browser, "light") as page:
        login(page, console)
        yield page.context.storage_state()


@pytest.fixture
def realtime(console: Console, pool: Pool, staff_page: Page) -> Page:
    staff_page.goto(f"{console.url}/console/realtime")
    expect(staff_page.get_by_text("of 4 places in use")).to_be_visible()
    return staff_page


def row(page: Page, session: str) -> Any:
    return page.get_by_role("row").filter(has_text=session[-8:])


def appears(page: Page, session: str) -> None:
    """Shown as offered when it is placed, and as active with the next heartbeat of its worker."""
    expect(row(page, session)).to_contain_text(re.compile("Offered|Active"), timeout=SOON_MS)
    expect(row(page, session)).to_contain_text("Active")


def heard(client: subprocess.Popen[str]) -> str:
    """What the worker understood; the client must have ended well."""
    said, _ = client.communicate(timeout=60)
    assert client.returncode == 0, said
    return said


def test_who_speaks_is_seen_until_the_last_word(realtime: Page, pool: Pool) -> None:
    client, session, holder = pool.speaks(16)
    other, second, other_holder = pool.speaks(16)
    assert holder != other_holder
    for one in (session, second):
        appears(realtime, one)
    expect(realtime.get_by_text("2 of 4 places in use")).to_be_visible(timeout=SOON_MS)
    shot(realtime, "realtime_speech")
    assert "in his power" in heard(client)
    expect(row(realtime, session)).to_contain_text("Ended", timeout=SOON_MS)
    assert "in his power" in heard(other)
    expect(realtime.get_by_text("0 of 4 places in use")).to_be_visible(timeout=SOON_MS)


def test_a_killed_workers_sessions_are_lost_and_new_ones_go_elsewhere(
    realtime: Page, pool: Pool
) -> None:
    """The client goes with it: one that lives sees the loss, and releases its session itself."""
    client, session, holder = pool.speaks(30)
    appears(realtime, session)
    client.send_signal(signal.SIGSTOP)
    pool.workers[holder].kill()
    client.kill()
    expect(row(realtime, session)).to_contain_text("Lost", timeout=GONE_MS)
    expect(realtime.get_by_text("0 of 2 places in use")).to_be_visible(timeout=SOON_MS)
    again, _, other = pool.speaks(4)
    assert other != holder
    heard(again)


@pytest.fixture
def example() -> Iterator[subprocess.Popen[str]]:
    """`make example-realtime`, with less audio, and its console kept for a while."""
    argv = [sys.executable, str(EXAMPLE / "run.py"), "--seconds", "8", "--stay", "60"]
    with subprocess.Popen(argv, text=True, stdout=subprocess.PIPE) as running:
        yield running
        running.terminate()


def test_the_example_prints_what_it_hears_and_a_heartbeat_to_copy(
    console: Console, example: subprocess.Popen[str]
) -> None:
    assert example.stdout
    lines = list(takewhile(lambda line: "one-use link" not in line, example.stdout))
    said = "".join(lines)
    assert "·" in said
    assert re.search("▸ .*in his power", said)
    key = next(line for line in lines if line.startswith("export "))
    curl = said[said.index("curl -X PUT") :].split("\n\n")[0]
    answer = subprocess.run(
        ["bash", "-euc", key + curl.replace("curl ", "curl -sS --fail ", 1)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert json.loads(answer.stdout)["sessions"] == []


def test_a_drain_cuts_nobody_off(realtime: Page, console: Console, pool: Pool) -> None:
    client, session, name = pool.speaks(20)
    appears(realtime, session)
    realtime.goto(f"{console.url}/console/workers")
    realtime.get_by_role("button", name=f"Drain {name}").click()
    realtime.get_by_role("dialog").get_by_role("button", name="Drain").click()
    expect(realtime.get_by_role("button", name=f"Resume {name}")).to_be_visible()
    assert pool.session(session)["status"] == "active"
    other, _, elsewhere = pool.speaks(4)
    assert elsewhere != name
    heard(other)
    assert "in his power" in heard(client)
    assert pool.session(session)["end_reason"] in {"client left", "released"}  # who is first tells
