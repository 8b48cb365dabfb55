"""The speech example from a tenant's submission to the transcript on the page."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.consoles import ROOT, Client, Console
from tests.e2e.browser import login, shot
from tests.e2e.conftest import running_console

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "speech"
PATH = ["pending", "ready", "running", "completed"]
SPEECH_MS = 120_000
# Notes down, for each task in the List view, the statuses it is shown in.
WATCH = """
window.shown = {};
const look = () => {
  for (const row of document.querySelectorAll("tr:has([data-status])")) {
    const name = row.querySelector("button")?.textContent;
    const status = row.querySelector("[data-status]").dataset.status;
    const seen = (window.shown[name] ??= []);
    if (name && seen.at(-1) !== status) seen.push(status);
  }
  requestAnimationFrame(look);
};
look();
"""


@pytest.fixture(scope="module")
def speech_console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("speech")
    with running_console(folder, EXAMPLE / "engines.toml") as console:
        yield console


@pytest.fixture(scope="module")
def radio(speech_console: Console) -> Client:
    """The tenant whose recording it is."""
    return speech_console.tenant("radio")


@pytest.fixture
def submitting(
    speech_console: Console, radio: Client, tmp_path: Path
) -> Iterator[subprocess.Popen[str]]:
    """`run.py` against that console, with the key of a tenant."""
    argv = [sys.executable, "examples/speech/run.py", "--console", speech_console.url]
    with subprocess.Popen(
        [*argv, "--out", str(tmp_path)], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        env={**speech_console.environment, "YARDMASTER_KEY": radio.key},
    ) as process:  # fmt: skip
        yield process
        process.kill()


@pytest.fixture
def speech_page(page: Page, speech_console: Console) -> None:
    """Staff are logged in before the recording comes."""
    login(page, speech_console)


def is_on_its_path(statuses: list[str]) -> bool:
    """Whether a task was shown in the right order, to its end; some may be too short to be seen."""
    places = [PATH.index(status) for status in statuses]
    return places == sorted(places) and statuses[-1] == PATH[-1]


def told(client: Client) -> list[list[str]]:
    """The statuses of each task of the newest job, as its event log tells them."""
    (job,) = client.get("/jobs", params={"limit": 1}).json()["results"]
    statuses: dict[str, list[str]] = {}
    for event in client.events(job["id"]):
        for change in event["changes"]["tasks"]:
            statuses.setdefault(change["id"], []).append(change["status"])
    return list(statuses.values())


def test_speech_becomes_a_transcript_while_the_page_watches(
    speech_page: None, radio: Client, submitting: subprocess.Popen[str], page: Page, tmp_path: Path
) -> None:
    page.get_by_role("link", name=re.compile("^Transcribe ")).click(timeout=60_000)
    page.get_by_role("button", name="List", exact=True).click()
    page.evaluate(WATCH)
    expect(page.locator("tr [data-status=running]").first).to_be_visible(timeout=SPEECH_MS)
    shot(page, "speech-running")
    expect(page.locator("tr [data-status=completed]")).to_have_count(10, timeout=SPEECH_MS)
    shown: dict[str, list[str]] = page.evaluate("window.shown")
    assert {name for name, seen in shown.items() if not is_on_its_path(seen)} == set()
    assert any("running" in seen for name, seen in shown.items() if "transcribe" in name)
    # All but the template, which never runs itself.
    assert [statuses[-2:] for statuses in told(radio)].count(["running", "completed"]) == 9
    assert submitting.wait(30) == 0
    assert_transcript(page, tmp_path)


def assert_transcript(page: Page, tmp_path: Path) -> None:
    """The text is on the page, the subtitles come down, both are what the tenant was given."""
    page.get_by_role("button", name="merge", exact=True).click()
    drawer = page.get_by_role("complementary", name="Task merge")
    drawer.get_by_role("button", name="Data").click()
    given = json.loads((tmp_path / "transcript.json").read_text())
    assert len(given["words"]) > 20
    expect(drawer).to_contain_text(given["segments"][0]["text"])
    shot(page, "speech-transcript")
    with page.expect_download() as download:
        drawer.get_by_role("link", name=re.compile(r"\.srt")).click()
    srt = Path(download.value.path()).read_text()
    assert srt == (tmp_path / "transcript.srt").read_text()
    assert re.match(r"1\n00:00:\d\d,\d{3} --> ", srt)
