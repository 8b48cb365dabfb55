"""Pages that follow what happens: at once, without polling, and through cuts and restarts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.consoles import ENGINES, Client, Console, EmbeddedConsole
from tests.e2e.browser import SOON_MS, login, shot
from tests.e2e.conftest import running_console
from tests.fault.proxy import Proxy
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

BACK_MS = 20_000
POLLS_MS = 7_000
ANSWERS_MS = 500
"""For what is asked once answers have come: the page's clock runs ahead of the server's."""
LONG = {"key": "long", "engine_id": "test.a", "config": {"seconds": 50}}
NOTE_PILLS = """
window.pills = [];
const note = () => {
  const now = document.querySelector("[data-live]")?.dataset.live;
  if (now && window.pills.at(-1) !== now) window.pills.push(now);
};
new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
"""
PILLS_SINCE = "(from) => window.pills.slice(from).join().includes('polling,live')"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running_console(tmp_path_factory.mktemp("live"), ENGINES) as running:
        yield running


@pytest.fixture(scope="module")
def umbra(console: Console) -> Client:
    """A tenant whose jobs change."""
    return console.tenant("umbra")


@pytest.fixture
def long_job(umbra: Client) -> Iterator[str]:
    """A job whose only task runs until somebody cancels it."""
    job = umbra.submit([LONG], name="long")
    eventually(lambda: umbra.job(job["id"])["status"] == "running")
    yield job["id"]
    umbra.post(f"/jobs/{job['id']}/cancel")
    umbra.ended(job["id"])


@pytest.fixture
def rough_page(browser: Browser, staff_state: StorageState) -> Iterator[Page]:
    """A page on a bad network: the browser's complaints about that are no fault of the page."""
    context = browser.new_context(storage_state=staff_state, locale="en-GB")
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.add_init_script(NOTE_PILLS)
    yield context.new_page()
    context.close()
    assert errors == []


def go_live(page: Page, url: str) -> None:
    """Open a page and wait until it says that it is live."""
    page.goto(url)
    expect(page.locator("[data-live=live]")).to_be_visible()


def asked_for(page: Page) -> list[str]:
    """What the page asks the API for during a time in which it would poll."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(POLLS_MS)
    page.wait_for_timeout(ANSWERS_MS)
    return [url for url in asked if "/api/" in url]


def shown_rows(page: Page) -> list[list[str]]:
    """Name and status of the jobs in a table."""
    rows = page.locator("tr[data-job]").all()
    return [
        [row.get_by_role("link").first.inner_text(), row.locator("[data-status]").inner_text()]
        for row in rows
    ]


def told_rows(client: Client) -> list[list[str]]:
    """The same from the API."""
    jobs = client.get("/jobs", params={"limit": 5}).json()["results"]
    return [[job["name"], job["status"].title()] for job in jobs]


def test_a_new_job_shows_on_the_dashboard(
    console: Console, umbra: Client, staff_page: Page
) -> None:
    go_live(staff_page, f"{console.url}/console/?tenant=umbra")
    expect(staff_page.get_by_role("heading", name="Recent jobs")).to_be_visible()
    umbra.submit([{"key": "a", "engine_id": "test.a"}], name="sudden")
    expect(staff_page.get_by_role("link", name="sudden")).to_be_visible(timeout=SOON_MS)
    shot(staff_page, "live-dashboard")


def test_new_jobs_wait_above_the_list_and_rows_change_in_place(
    console: Console, umbra: Client, long_job: str, staff_page: Page
) -> None:
    go_live(staff_page, f"{console.url}/console/jobs?tenant=umbra")
    row = staff_page.locator(f"tr[data-job='{long_job}']")
    expect(row).to_contain_text("Running")
    new = umbra.submit([{"key": "a", "engine_id": "test.a"}], name="newcomer")
    button = staff_page.get_by_role("button", name="1 new job")
    expect(button).to_be_visible(timeout=SOON_MS)
    umbra.post(f"/jobs/{long_job}/cancel")
    expect(row).to_contain_text("Cancelled", timeout=SOON_MS)
    shot(staff_page, "live-jobs")
    button.click()
    expect(staff_page.locator("tr[data-job]").first).to_have_attribute("data-job", new["id"])
    expect(button).to_have_count(0)


def test_a_cancel_shows_on_the_board(
    console: Console, umbra: Client, long_job: str, staff_page: Page
) -> None:
    go_live(staff_page, f"{console.url}/console/jobs/{long_job}?tab=graph")
    expect(staff_page.get_by_role("button", name=re.compile("^long, Running"))).to_be_visible()
    umbra.post(f"/jobs/{long_job}/cancel")
    card = staff_page.get_by_role("button", name=re.compile("^long, Cancelled"))
    expect(card).to_be_visible(timeout=SOON_MS)
    shot(staff_page, "live-board")


def test_an_open_log_follows_what_is_printed(
    console: Console, umbra: Client, staff_page: Page
) -> None:
    gate = {"key": "gate", "engine_id": "test.a", "config": {"seconds": 4}}
    talker = LONG | {"key": "talker", "depends_on": ["gate"], "config": {"lines": 9, "seconds": 3}}
    job = umbra.submit([gate, talker], name="talks")
    task = umbra.tasks(job["id"])["talker"]["id"]
    go_live(staff_page, f"{console.url}/console/jobs/{job['id']}?task={task}&tab=list")
    staff_page.get_by_role("button", name="Log", exact=True).click()
    logs = f"/jobs/{job['id']}/tasks/{task}/logs"
    eventually(lambda: "line 9" in umbra.get(logs).text, seconds=20)
    expect(staff_page.get_by_role("log")).to_contain_text("line 9", timeout=SOON_MS)
    expect(staff_page.get_by_text("10 lines")).to_be_visible()
    shot(staff_page, "live-log")


@pytest.mark.parametrize("path", ["", "jobs", "jobs/{job}?tab=graph&task={task}"])
def test_nothing_is_polled_while_the_socket_is_up(
    console: Console, umbra: Client, long_job: str, staff_page: Page, path: str
) -> None:
    task = umbra.tasks(long_job)["long"]["id"]
    staff_page.clock.install()
    go_live(staff_page, f"{console.url}/console/{path.format(job=long_job, task=task)}")
    expect(staff_page.get_by_text("Running").first).to_be_visible()
    # What came while the page was opened may ring once more.
    assert [] in [asked_for(staff_page) for _ in range(3)]
    expect(staff_page.locator("[data-live=live]")).to_be_visible()


def test_a_frozen_view_stands_still_and_then_catches_up(
    console: Console, umbra: Client, long_job: str, staff_page: Page
) -> None:
    frames: list[str] = []
    staff_page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))),
    )
    go_live(staff_page, f"{console.url}/console/jobs/{long_job}?tab=graph")
    card = staff_page.get_by_role("button", name=re.compile("^long, "))
    expect(card).to_have_accessible_name(re.compile("Running"))
    staff_page.keyboard.press(".")
    expect(staff_page.locator("[data-live=frozen]")).to_have_text("Frozen")
    umbra.post(f"/jobs/{long_job}/cancel")
    umbra.ended(long_job)
    # Asking the page lets it hand over the frames it has got.
    eventually(lambda: staff_page.title() and any("job.cancelled" in f for f in frames))
    expect(card).to_have_accessible_name(re.compile("Running"))
    shot(staff_page, "live-frozen")
    staff_page.keyboard.press(".")
    expect(card).to_have_accessible_name(re.compile("Cancelled"), timeout=SOON_MS)


def test_a_socket_cut_five_times_misses_no_event_and_shows_none_twice(
    console: Console, umbra: Client, rough_page: Page
) -> None:
    tasks = [
        {"key": f"t{n}", "engine_id": f"test.{'ab'[n % 2]}", "config": {"seconds": 0.4}}
        for n in range(120)
    ]
    with Proxy(console.port) as proxy:
        job = umbra.submit(tasks, name="cut")
        address = proxy.through(f"{console.url}/console/jobs/{job['id']}?tab=events")
        go_live(rough_page, address)
        for _ in range(5):
            before = rough_page.evaluate("window.pills.length") - 1
            proxy.reset()
            rough_page.wait_for_function(PILLS_SINCE, arg=before, timeout=BACK_MS)
        umbra.ended(job["id"])
        events = umbra.events(job["id"])
        shown = rough_page.get_by_role("region", name=f"{len(events)} events", exact=True)
        expect(shown).to_be_visible(timeout=SOON_MS)
        numbers = [row.split("\n")[0] for row in shown.locator(".grid").all_inner_texts()]
    assert numbers == [str(event["seq"]) for event in reversed(events)][: len(numbers)]
    shot(rough_page, "live-cut")


@pytest.fixture
def mortal_console(tmp_path: Path) -> Iterator[Console]:
    """One that is killed."""
    with EmbeddedConsole(tmp_path) as running:
        yield running


def test_a_page_outlives_a_killed_server(mortal_console: Console, browser: Browser) -> None:
    page = browser.new_page(locale="en-GB")
    client = mortal_console.tenant("umbra")
    login(page, mortal_console)
    client.submit([{"key": "a", "engine_id": "test.a"}], name="before")
    expect(page.locator("[data-live=live]")).to_be_visible()
    expect(page.get_by_role("link", name="before")).to_be_visible()
    mortal_console.kill("up")
    expect(page.locator("[data-live=offline]")).to_be_visible()
    shot(page, "live-offline")
    mortal_console.start()
    client.ended(client.submit([{"key": "a", "engine_id": "test.a"}], name="after")["id"])
    expect(page.locator("[data-live=live]")).to_be_visible(timeout=BACK_MS)
    eventually(lambda: shown_rows(page) == told_rows(client))
    page.close()
