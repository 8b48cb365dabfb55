"""The console's first hour, as a person with a browser sees it."""

from __future__ import annotations

import re
import subprocess

import pytest
from playwright.sync_api import Page, expect

from tests.consoles import ROOT, Console
from tests.e2e.browser import assert_accessible, login, shot

pytestmark = pytest.mark.e2e

TOUR_MS = 90_000
TABS = {
    "graph": "role=button[name=/^report, Completed/]",
    "timeline": "role=button[name=/^report, Completed/]",
    "logs": "role=log",
    "list": "role=button[name='report']",
    "events": "role=region[name=/events?$/]",
}
PLACES = {
    "dashboard": "role=heading[name='Dashboard']",
    "jobs": "role=link[name='first tour']",
    "engines": "role=heading[name='Engines']",
    **{f"jobs/TOUR?tab={tab}": sight for tab, sight in TABS.items()},
}


def link_in_the_box(console: Console) -> str:
    found = re.search(rf"{re.escape(console.url)}/console/link/\S+", console.log("up"))
    assert found, console.log("up")
    return found[0]


def run_what_the_box_says(console: Console) -> None:
    """Paste the lines for a tenant, a key and the tour into a shell."""
    found = re.search(r"^ *Make a tenant.*\n((?:.*\n)*?) *\n", console.log("up"), re.MULTILINE)
    assert found, console.log("up")
    shell = ["bash", "-euc", found[1]]
    subprocess.run(shell, cwd=ROOT, env=console.environment, check=True, capture_output=True)


@pytest.fixture(scope="session")
def tour(console: Console) -> str:
    """The id of a tour that has ended."""
    client = console.tenant("acme")
    answer = client.post("/jobs", json={"name": "first tour", "pipeline": "tour"})
    assert answer.status_code == 201, answer.text
    job: dict[str, str] = client.ended(answer.json()["id"], seconds=TOUR_MS / 1000)
    assert job["status"] == "completed"
    return job["id"]


def test_whoever_reads_only_the_box_sees_a_finished_tour(
    fresh_console: Console, page: Page
) -> None:
    page.goto(link_in_the_box(fresh_console))
    expect(page.get_by_text("No jobs yet")).to_be_visible()
    shot(page, "first-start")
    run_what_the_box_says(fresh_console)
    page.get_by_role("link", name="first tour").click()
    expect(page.get_by_text("Running").first).to_be_visible()
    shot(page, "tour-running")
    expect(page.get_by_text("1 optional failed")).to_be_visible(timeout=TOUR_MS)
    shot(page, "tour-finished")


def test_the_tour_starts_from_the_empty_page(fresh_console: Console, page: Page) -> None:
    fresh_console.manage("create_tenant", "acme")
    login(page, fresh_console)
    page.get_by_role("button", name="Run the tour").click()
    expect(page).to_have_url(re.compile(r"/console/jobs/[0-9a-f-]{36}"))
    expect(page.get_by_role("button", name=re.compile("^plan, "))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=20_000)


def test_a_login_link_works_once(console: Console, page: Page) -> None:
    link = console.manage("login_link").strip()
    page.goto(link)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    page.context.clear_cookies()
    answer = page.goto(link)
    assert answer is not None
    assert answer.status == 410


def test_a_wrong_password_is_refused_in_words(console: Console, page: Page) -> None:
    page.goto(f"{console.url}/console/login")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("correct username and password")


def test_jobs_are_found_by_status_and_by_name(
    console: Console, tour: str, staff_page: Page
) -> None:
    staff_page.goto(f"{console.url}/console/")
    staff_page.get_by_role("link", name="Jobs", exact=True).click()
    row = staff_page.locator(f"tr[data-job='{tour}']")
    expect(row).to_contain_text("Completed")
    staff_page.get_by_role("button", name="Failed").click()
    expect(row).to_have_count(0)
    staff_page.get_by_role("button", name="Failed").click()
    staff_page.get_by_label("Name or id begins with").fill("first t")
    expect(staff_page).to_have_url(re.compile(r"q=first"))
    expect(row).to_be_visible()


@pytest.mark.parametrize("tab", TABS)
def test_each_view_of_a_job_shows_its_tasks(
    console: Console, tour: str, staff_page: Page, tab: str
) -> None:
    staff_page.goto(f"{console.url}/console/jobs/{tour}")
    staff_page.get_by_role("navigation", name="Views of the job").get_by_text(tab.title()).click()
    expect(staff_page.locator(TABS[tab]).first).to_be_visible()
    shot(staff_page, f"job-{tab}")


def test_a_deep_link_survives_a_reload(console: Console, tour: str, staff_page: Page) -> None:
    staff_page.goto(f"{console.url}/console/jobs/{tour}?tab=list")
    staff_page.get_by_role("button", name="guess", exact=True).click()
    drawer = staff_page.get_by_role("complementary", name="Task guess")
    expect(drawer).to_contain_text("Failed")
    staff_page.reload()
    expect(drawer).to_contain_text("Failed")
    shot(staff_page, "task-drawer")
    assert_accessible(staff_page)


def test_an_expired_session_leads_to_the_login_and_back(
    console: Console, tour: str, page: Page
) -> None:
    login(page, console)
    page.goto(f"{console.url}/console/jobs/{tour}?tab=list")
    expect(page.get_by_role("button", name="report", exact=True)).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("link", name="Engines").click()
    expect(page).to_have_url(re.compile(r"/console/login\?next="), timeout=20_000)
    login(page, console, at=page.url)
    expect(page).to_have_url(f"{console.url}/console/engines")


@pytest.mark.parametrize("path", ["nowhere", "jobs/00000000-0000-7000-8000-000000000000"])
def test_what_is_not_there_is_said_in_words(console: Console, staff_page: Page, path: str) -> None:
    staff_page.goto(f"{console.url}/console/{path}")
    expect(staff_page.get_by_role("heading", name="There is no such")).to_be_visible()
    assert_accessible(staff_page)


@pytest.mark.parametrize("staff_page", ["light", "dark"], indirect=True)
@pytest.mark.parametrize("place", PLACES)
def test_axe_finds_nothing_grave(console: Console, tour: str, staff_page: Page, place: str) -> None:
    staff_page.goto(f"{console.url}/console/{place.replace('TOUR', tour).replace('dashboard', '')}")
    expect(staff_page.locator(PLACES[place]).first).to_be_visible()
    dark = staff_page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    shot(staff_page, f"axe-{re.sub(r'[^a-z]+', '-', place)}-{'dark' if dark else 'light'}")
    assert_accessible(staff_page)


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_axe_finds_nothing_grave_on_the_login(console: Console, page: Page) -> None:
    page.goto(f"{console.url}/console/login")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert_accessible(page)
