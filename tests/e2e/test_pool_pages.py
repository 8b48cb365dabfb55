"""Realtime, Workers and GPUs: what a real pool does, as staff see it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.consoles import Client, Console, EmbeddedConsole
from tests.e2e.browser import SOON_MS, assert_accessible, login, shot
from tests.e2e.conftest import watched

pytestmark = pytest.mark.e2e

LEASE = 6
GONE_MS = (LEASE + 15) * 1_000
SCOPES = "jobs:read,jobs:write,realtime:read,realtime:write"


class Beats:
    """A realtime worker of two places: heartbeats on a thread, listing all that it is offered."""

    def __init__(self, console: Console, key: str, name: str) -> None:
        self._url = f"{console.url}/api/console/workers/{name}"
        self._headers = {"Authorization": f"Token {key}"}
        self._beat: dict[str, Any] = {
            "kind": "realtime", "boot_id": str(uuid4()), "endpoint": f"ws://127.0.0.1/{name}",
            "capacity": 2, "models": ["en"], "node": "hall", "status": "ready", "ended": [],
        }  # fmt: skip
        self._number = 0
        self._held: list[str] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._say()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.die()
        httpx.delete(self._url, headers=self._headers)

    def die(self) -> None:
        """Say nothing any more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(0.3):
            self._say()

    def _say(self) -> None:
        self._number += 1
        said = self._beat | {"number": self._number, "sessions": self._held}
        answer = httpx.put(self._url, headers=self._headers, json=said)
        self._held = [session["id"] for session in answer.raise_for_status().json()["sessions"]]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    environment = {
        "CONSOLE_ENGINES": "", "CONSOLE_GPU_DRIVER": "simulated", "CONSOLE_GPU_SECONDS": "1",
        "CONSOLE_LEASE_SECONDS": str(LEASE),
    }  # fmt: skip
    with EmbeddedConsole(tmp_path_factory.mktemp("pool"), environment) as running:
        yield running


@pytest.fixture(scope="module")
def acme(console: Console) -> Client:
    return console.tenant("acme", SCOPES)


@pytest.fixture(scope="module")
def worker_key(console: Console) -> str:
    return console.manage("issue_worker_key", "asr-").splitlines()[-1]


@pytest.fixture
def beats(console: Console, worker_key: str) -> Iterator[Beats]:
    with Beats(console, worker_key, "asr-1") as worker:
        yield worker


@pytest.fixture(scope="module")
def staff_state(browser: Browser, console: Console) -> Iterator[StorageState]:
    with watched(browser, "light") as page:
        login(page, console)
        yield page.context.storage_state()


@pytest.fixture
def realtime(console: Console, beats: Beats, staff_page: Page) -> Page:
    """The Realtime page with a worker on it."""
    staff_page.goto(f"{console.url}/console/realtime")
    expect(staff_page.get_by_text("asr-1").first).to_be_visible()
    return staff_page


def open_session(acme: Client) -> str:
    answer = acme.post("/realtime/sessions", json={"model": "en"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def row(page: Page, session: str) -> Any:
    return page.get_by_role("row").filter(has_text=session[-8:])


def test_a_session_appears_and_leaves(realtime: Page, acme: Client) -> None:
    session = open_session(acme)
    expect(row(realtime, session)).to_contain_text("Active", timeout=SOON_MS)
    expect(realtime.get_by_text("1 of 2 places in use")).to_be_visible(timeout=SOON_MS)
    shot(realtime, "realtime")
    acme.delete(f"/realtime/sessions/{session}")
    expect(row(realtime, session)).to_contain_text("Ended", timeout=SOON_MS)
    expect(realtime.get_by_text("0 of 2 places in use")).to_be_visible(timeout=SOON_MS)


def test_the_sessions_of_a_dead_worker_are_lost(realtime: Page, acme: Client, beats: Beats) -> None:
    session = open_session(acme)
    expect(row(realtime, session)).to_contain_text("Active", timeout=SOON_MS)
    beats.die()
    expect(row(realtime, session)).to_contain_text("Lost", timeout=GONE_MS)
    answer = acme.post("/realtime/sessions", json={"model": "en"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "no_capacity")


def test_staff_end_a_session_and_see_how_it_was_placed(realtime: Page, acme: Client) -> None:
    session = open_session(acme)
    row(realtime, session).get_by_role("link").first.click()
    expect(realtime.get_by_role("table").filter(has_text="chosen")).to_be_visible()
    realtime.get_by_role("button", name="End session").click()
    realtime.get_by_role("button", name="End the session").click()
    expect(realtime.get_by_text("Ended", exact=True).first).to_be_visible()
    shot(realtime, "session")


def test_a_worker_is_drained_and_resumed(realtime: Page, console: Console, acme: Client) -> None:
    realtime.goto(f"{console.url}/console/workers")
    mine = realtime.get_by_role("row").filter(has_text="asr-1").filter(has_text="Ready")
    mine.get_by_role("button", name="Drain asr-1").click()
    realtime.get_by_role("dialog").get_by_role("button", name="Drain").click()
    resume = realtime.get_by_role("button", name="Resume asr-1")
    expect(resume).to_be_visible()
    assert acme.post("/realtime/sessions", json={"model": "en"}).status_code == 503
    shot(realtime, "workers")
    resume.click()
    realtime.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(resume).to_be_hidden()


def test_a_drain_from_the_realtime_page_may_end_what_is_left(realtime: Page, acme: Client) -> None:
    session = open_session(acme)
    expect(row(realtime, session)).to_contain_text("Active", timeout=SOON_MS)
    realtime.get_by_role("button", name="Drain asr-1").click()
    dialog = realtime.get_by_role("dialog")
    dialog.get_by_label("End what is left after").fill("0.02")
    dialog.get_by_role("button", name="Drain").click()
    expect(row(realtime, session)).to_contain_text("drained", timeout=GONE_MS)


def test_made_up_cards_say_so(console: Console, staff_page: Page) -> None:
    staff_page.goto(f"{console.url}/console/gpus")
    expect(staff_page.get_by_text("Simulated", exact=True)).to_be_visible(timeout=20_000)
    expect(staff_page.get_by_role("meter", name="Memory of GPU 0")).to_be_visible()
    strip = staff_page.get_by_role("img", name="Memory of GPU 0 in the last hour: at most")
    expect(strip).to_be_visible()
    staff_page.get_by_text("History of Memory of GPU 0").click()
    expect(staff_page.get_by_role("img", name="Memory of GPU 0: at most")).to_be_visible()
    shot(staff_page, "gpus")
    staff_page.get_by_role("button", name="Week").click()
    expect(staff_page.get_by_role("button", name="Week")).to_have_attribute("aria-pressed", "true")
    expect(staff_page.get_by_role("img", name="Memory of GPU 0: at most")).to_be_visible()


def test_a_pool_without_a_worker_shows_how_one_begins(tmp_path: Path, browser: Browser) -> None:
    with EmbeddedConsole(tmp_path) as fresh, watched(browser, "light") as page:
        login(page, fresh)
        page.goto(f"{fresh.url}/console/realtime")
        expect(page.get_by_text("No realtime workers")).to_be_visible()
        page.goto(f"{fresh.url}/console/gpus")
        expect(page.get_by_text("No card reported")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("staff_page", ["light", "dark"], indirect=True)
@pytest.mark.parametrize("place", ["realtime", "workers", "gpus", "session"])
def test_axe_finds_nothing_grave(
    console: Console, acme: Client, beats: Beats, staff_page: Page, place: str
) -> None:
    session = open_session(acme)
    path = f"realtime/sessions/{session}" if place == "session" else place
    staff_page.goto(f"{console.url}/console/{path}")
    expect(staff_page.get_by_role("heading", level=1)).to_be_visible()
    expect(staff_page.locator("[aria-hidden].animate-appear")).to_have_count(0)
    assert_accessible(staff_page)
    acme.delete(f"/realtime/sessions/{session}")
