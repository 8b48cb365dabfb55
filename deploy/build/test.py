"""Every test there is, part by part, and one summary at the end. `make test`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = str(ROOT / ".venv" / "bin" / "python")
PYTEST = [PYTHON, "-m", "pytest", "-q", "--durations=20", "--durations-min=5"]
MEASURED = [*PYTEST, "-n", "2", "--cov", "--cov-report="]
PASSED, FAILED = "passed", "FAILED"
COVERAGE = ROOT / "build" / "coverage"
SERVER_FOLDERS = [*os.get_exec_path(), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
# A system test without `service` brings its own embedded console: once is enough.
ON_SERVICES = "not e2e and not fault and (service or not system)"
PACKAGES = {
    "initdb": "postgresql",
    "redis-server": "redis-server",
    "chromium": "chromium",
    "curl": "curl",
    "cc": "build-essential",
}
# Without it one fault scenario is skipped, and says so.
OPTIONAL = {"faketime": "faketime"}


@dataclass(frozen=True)
class Part:
    title: str
    argv: list[str]
    folder: Path = ROOT
    coverage: str | None = None
    """Name of the file for what was run of the measured modules."""
    once_more: list[str] | None = None
    """What runs only the tests that failed, alone; where a busy machine decides, never a rule."""


PARTS = [
    Part(
        "Python on SQLite",
        [*MEASURED, "-m", "not service and not e2e and not fault"],
        coverage="sqlite",
    ),
    Part(
        "Python on PostgreSQL and Redis",
        [PYTHON, "-m", "tests.services", "--", *MEASURED, "-m", ON_SERVICES],
        coverage="postgresql",
    ),
    # Each process brings servers of its own. Most of the time is spent waiting, not computing.
    Part("Faults", [*PYTEST, "-n", "3", "--maxschedchunk", "1", "-m", "fault", "tests/fault"]),
    Part("Coverage of what decides", [PYTHON, "deploy/build/coverage_gate.py"]),
    Part("The page", ["npm", "run", "--silent", "test"], ROOT / "frontend"),
    Part(
        "In the browser",
        [*PYTEST, "-n", "2", "--dist", "loadfile", "-m", "e2e"],
        once_more=[*PYTEST, "-m", "e2e", "--last-failed", "--last-failed-no-failures", "none"],
    ),
    Part("The speech example", [sys.executable, "examples/speech/run.py", "--self-test"]),
    Part("The realtime example", [sys.executable, "examples/realtime/run.py", "--self-test"]),
]


def missing_packages(wanted: dict[str, str]) -> list[str]:
    path = os.pathsep.join(SERVER_FOLDERS)
    return [name for program, name in wanted.items() if shutil.which(program, path=path) is None]


def install_missing() -> None:
    """Install PostgreSQL, Redis and Chromium where that is possible; else say what to install."""
    missing, welcome = missing_packages(PACKAGES), missing_packages(OPTIONAL)
    if not missing and not welcome:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["install", "-y", "--no-install-recommends"]
        for argv in (["update"], [*install, *missing], [*install, *welcome]):
            say(f"test: apt-get {' '.join(argv)}\n")
            subprocess.run(["apt-get", "-qq", *argv], env=environment, check=False)
    missing = missing_packages(PACKAGES)
    if missing:
        sys.exit(f"test: install these first: {' '.join(missing)} (apt-get install as root).")


def run(part: Part) -> tuple[str, float]:
    """How it ended, a word for the summary, and how many seconds it took."""
    say(f"\n══ {part.title}\n")
    started = time.monotonic()
    passed, ended = passes(part, part.argv), PASSED
    if not passed and part.once_more:
        say(f"\n══ {part.title}: what failed, once more\n")
        passed, ended = passes(part, part.once_more), f"{PASSED} at the second try"
    return ended if passed else FAILED, time.monotonic() - started


def passes(part: Part, argv: list[str]) -> bool:
    environment = dict(os.environ)
    if part.coverage:
        environment["COVERAGE_FILE"] = str(COVERAGE / part.coverage)
    done = subprocess.run(
        argv, cwd=part.folder, env=environment, stdin=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def prepare_environment() -> None:
    """Forget the caller's console; let Python keep what it has compiled: hundreds of processes are
    started, and would compile the console anew.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in [*os.environ]:
        if name.startswith(("CONSOLE_", "YARD_")) or name in {"DATABASE_URL", "REDIS_URL", "PORT"}:
            del os.environ[name]


def main() -> int:
    install_missing()
    prepare_environment()
    shutil.rmtree(COVERAGE, ignore_errors=True)
    COVERAGE.mkdir(parents=True)
    results = [(part.title, *run(part)) for part in PARTS]
    say("\n══ Summary\n")
    for title, ended, seconds in results:
        say(f"{ended}  {seconds:6.1f} s  {title}\n")
    say(f"        {sum(seconds for *_, seconds in results):6.1f} s  in total\n")
    return 1 if FAILED in [ended for _, ended, _ in results] else 0


if __name__ == "__main__":
    sys.exit(main())
