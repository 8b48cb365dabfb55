"""From an event to its paint: a job page in a real browser while its events come fast."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect, sync_playwright

from benchmarks.viewers import links
from tests.consoles import ROOT, ScaledConsole
from tests.e2e.browser import ARGUMENTS

if TYPE_CHECKING:
    from playwright.sync_api import Page

TASKS = 1_000
RATES = (100, 1_000)
SECONDS = 15
_WATCH = """
window.delays = [];
const Real = window.WebSocket;
let waiting = [];
let asked = false;
let inFrame = false;
const afterTask = (act) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = act;
  channel.port2.postMessage(0);
};
const painted = () => {
  const now = Date.now();
  window.delays.push(...waiting.map((at) => now - at));
  waiting = [];
  asked = false;
};
const nextFrame = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (act) => nextFrame((now) => {
  inFrame = true;
  afterTask(() => { inFrame = false; });
  act(now);
});
// What changes within a frame's callbacks is painted with that frame, all else with the next.
const changed = () => {
  if (!waiting.length || asked) return;
  asked = true;
  if (inFrame) afterTask(painted);
  else nextFrame(() => afterTask(painted));
};
window.WebSocket = class extends Real {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", (message) => {
      const frame = JSON.parse(message.data);
      if (frame.type === "events") waiting.push(...frame.events.map((e) => Date.parse(e.at)));
    });
  }
};
new MutationObserver(changed).observe(document, {
  subtree: true, childList: true, attributes: true, characterData: true,
});
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...given) {
  changed();
  return clear.apply(this, given);
};
"""


def main() -> None:
    """Print a table: needs PostgreSQL, Redis and chromium."""
    if "DATABASE_URL" not in os.environ:
        print("Event to paint: left out, needs PostgreSQL and Redis.")
        return
    with tempfile.TemporaryDirectory() as folder:
        console = ScaledConsole(Path(folder), "yard_paint_bench", queues=())
        with console, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=ARGUMENTS
            )
            page = chromium.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(_WATCH)
            page.goto(console.url + links(console, 1)[0])
            job_id = _job(console)
            print("| view | events a second | p50 | p95 | main thread |\n|---|---|---|---|---|")
            for tab in ("graph", "list", "events"):
                for rate in RATES:
                    print(_row(console, page, job_id, tab, rate), flush=True)
            chromium.close()


def _job(console: ScaledConsole) -> str:
    """A job of so many tasks that stays as it is: nobody serves its engine."""
    tasks = [{"key": "first", "engine_id": "test.a"}]
    tasks += [
        {"key": f"t{n}", "engine_id": "test.b", "stage": f"stage {n % 5}"} for n in range(TASKS - 1)
    ]
    return str(console.tenant("paint").submit(tasks)["id"])


def _row(console: ScaledConsole, page: Page, job_id: str, tab: str, rate: int) -> str:
    page.goto(f"{console.url}/console/jobs/{job_id}?tab={tab}")
    expect(page.locator("[data-live=live]")).to_be_visible()
    time.sleep(2)
    page.evaluate("window.delays = []")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    busy, began = _busy(devtools), time.monotonic()
    argv = [sys.executable, "-m", "benchmarks.ticker", job_id, str(rate), str(SECONDS)]
    environment = console.environment | {"DJANGO_SETTINGS_MODULE": "console_project.settings"}
    told = subprocess.run(
        argv, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stdout
    share = (_busy(devtools) - busy) / (time.monotonic() - began)
    time.sleep(0.5)
    delays: list[float] = page.evaluate("window.delays")
    cent = statistics.quantiles(delays, n=100)
    return (
        f"| {tab} | {rate} ({told.strip()}) | {statistics.median(delays):.0f} ms "
        f"| {cent[94]:.0f} ms | {100 * share:.0f} % |"
    )


def _busy(devtools: Any) -> float:
    """Seconds for which the page's main thread has run tasks."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


if __name__ == "__main__":
    main()
