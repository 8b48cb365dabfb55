"""The pictures of the README, taken anew: `python -m tests.e2e.pictures`."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.consoles import ROOT, Client, Console, EmbeddedConsole
from tests.e2e.browser import ARGUMENTS, login
from tests.e2e.test_live_speech import LEASE, Pool

IMAGES = ROOT / "docs" / "images"
SCOPES = "jobs:read,jobs:write,realtime:read,realtime:write"
CALM_SECONDS = 8


def submit(client: Client, name: str, limit: int, team: str) -> str:
    body = {
        "name": name, "pipeline": "tour", "parameters": {"limit": limit}, "labels": {"team": team},
    }  # fmt: skip
    answer = client.post("/jobs", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def history(acme: Client, globex: Client) -> None:
    """Jobs that have ended: well, with an optional failure, cancelled, refused by their engine."""
    submit(acme, "empty range", 0, "speech")
    submit(globex, "weekly survey", 400_000, "survey")
    wrong = submit(acme, "wrong range", 900_000, "speech")
    time.sleep(CALM_SECONDS / 4)
    acme.post(f"/jobs/{wrong}/cancel")
    time.sleep(CALM_SECONDS * 2)


def take(page: Page, name: str) -> None:
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")


def realtime(console: Console, acme: Client, globex: Client) -> Pool:
    """Two workers; three sessions in which somebody speaks."""
    key = console.manage("issue_worker_key", "asr-").splitlines()[-1]
    pool = Pool(console, acme, key)
    for name in ("asr-1", "asr-2"):
        pool.start(name)
    for tenant in (acme, globex, acme):
        pool.acme = tenant
        pool.speaks(60)
    return pool


def all_pictures(console: Console, browser: Browser) -> None:
    acme, globex = console.tenant("acme", SCOPES), console.tenant("globex", SCOPES)
    history(acme, globex)
    pool = realtime(console, acme, globex)
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    try:
        login(page, console)
        shown = submit(acme, "primes to 1M", 1_000_000, "speech")
        submit(globex, "hourly survey", 1_000_000, "survey")
        page.goto(f"{console.url}/console/")
        time.sleep(CALM_SECONDS)
        take(page, "dashboard")
        page.goto(f"{console.url}/console/jobs/{shown}")
        time.sleep(1)
        take(page, "job")
        page.goto(f"{console.url}/console/realtime")
        time.sleep(1)
        take(page, "realtime")
    finally:
        pool.stop()


def main() -> None:
    chromium = shutil.which("chromium")
    assert chromium, "Install chromium (apt-get install chromium)."
    environment = {"CONSOLE_ENGINES": "", "CONSOLE_LEASE_SECONDS": str(LEASE)}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        with EmbeddedConsole(Path(folder), environment) as console:
            all_pictures(console, browser)


if __name__ == "__main__":
    main()
