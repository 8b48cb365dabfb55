"""Makes a checkout ready to run: `.venv`, pinned packages, the page, static files. `make setup`."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = ROOT / "frontend"
# Parts of two packages that no page of ours uses, and that take long to compress.
NOT_SERVED = ("redoc", "rest_framework")
MADE_IN_FRONTEND = {"node_modules", "dist", "coverage"}
NODE_NEEDED = "Node.js 20.19 or newer (of the 22 series: 22.12) with npm is needed"


@dataclass(frozen=True)
class Stamp:
    """Remembers for which content something was made; written last, so half-made never counts."""

    path: Path
    key: str

    @property
    def fresh(self) -> bool:
        return self.path.is_file() and self.path.read_text(encoding="ascii") == self.key

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        half.write_text(self.key, encoding="ascii")
        half.replace(self.path)


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def run(
    title: str, argv: list[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> None:
    """Run a command silently; when it fails, show what it said and stop."""
    say(f"setup: {title}")
    done = subprocess.run(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        say(done.stdout.rstrip())
        sys.exit(f"setup: {title} failed (exit {done.returncode}); see above.")


def key_of(files: Iterable[Path], *words: str) -> str:
    """One hash over names and contents."""
    digest = hashlib.sha256(repr(words).encode())
    for file in files:
        digest.update(repr((str(file.relative_to(ROOT)), file.stat().st_size)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def frontend_sources(folder: Path = FRONTEND) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in MADE_IN_FRONTEND:
            yield from frontend_sources(path)
        elif path.is_file() and path.suffix != ".tsbuildinfo":
            yield path


def node_version() -> str:
    """The version of `node`; a sentence and an end when it is missing or too old."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            sys.exit(f"setup: {NODE_NEEDED}: {program} is not installed; see https://nodejs.org.")
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if not ((20, 19) <= version < (21, 0) or version >= (22, 12)):
        sys.exit(f"setup: {NODE_NEEDED}: this is {said.strip()}; see https://nodejs.org.")
    return said.strip()


@contextmanager
def alone() -> Iterator[None]:
    """One setup at a time in this checkout."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("setup: waiting for another setup in this checkout.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def interpreter() -> str:
    """What a virtual environment is bound to: this Python and the place it stands in."""
    return f"{sys.version} {sys.base_prefix} {VENV}"


def make_venv() -> None:
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        sys.exit("setup: Python's venv module is incomplete: install the package python3-venv.")
    run("making .venv", [sys.executable, "-m", "venv", "--clear", str(VENV)])


def install(requirements: str, stamp: Stamp) -> None:
    """Install a hash-pinned file."""
    stamp.remove()
    pip = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    run(f"installing {requirements}", [*pip, "--require-hashes", "-r", requirements])
    stamp.write()


def install_packages(*, dev: bool) -> str:
    """Install what the console needs, for `dev` the tools too; the key of what it needs."""
    bound = Stamp(VENV / ".bound", key_of([], interpreter()))
    needed = Stamp(VENV / ".installed", key_of([ROOT / "requirements.txt"], bound.key))
    tools = Stamp(VENV / ".tools", key_of([ROOT / "requirements-dev.txt"], needed.key))
    if not bound.fresh or not needed.path.exists() or not PYTHON.exists():
        # Never finished, moved, or of another Python: nothing in it can be trusted.
        make_venv()
        bound.write()
    if not needed.fresh:
        install("requirements.txt", needed)
    if dev and not tools.fresh:
        install("requirements-dev.txt", tools)
    return needed.key


def build_page(node: str) -> str:
    """Install the page's packages and build it into `frontend/dist`; the key of what was built."""
    locked = [FRONTEND / name for name in (".npmrc", "package.json", "package-lock.json")]
    modules = Stamp(FRONTEND / "node_modules" / ".made", key_of(locked, node))
    if not modules.fresh:
        modules.remove()
        # NODE_ENV=production would leave the build tools out.
        npm_ci = ["npm", "ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund"]
        run("installing the page's packages", npm_ci, cwd=FRONTEND)
        modules.write()
    page = Stamp(FRONTEND / "dist" / ".made", key_of(frontend_sources(), node))
    if not page.fresh:
        page.remove()
        run("building the page", ["npm", "run", "build"], cwd=FRONTEND)
        page.write()
    return page.key


def collect_static(packages: str, page: str) -> None:
    """Gather and compress static files; without the console's own folder, secrets or databases."""
    settings = ROOT / "console_project" / "settings.py"
    static = Stamp(BUILD / "static.made", key_of([settings], packages, page))
    if static.fresh and (BUILD / "static" / "staticfiles.json").is_file():
        return
    static.remove()
    clean = {name: value for name, value in os.environ.items() if not is_ours(name)}
    with tempfile.TemporaryDirectory(prefix="yard-setup-") as folder:
        argv = [str(PYTHON), "manage.py", "collectstatic", "--noinput"]
        argv += [f"--ignore={name}" for name in NOT_SERVED]
        run("collecting static files", argv, env={**clean, "CONSOLE_DATA_DIR": folder})
    static.write()


def is_ours(variable: str) -> bool:
    """Whether the console reads this variable: building must not depend on how it is run."""
    named = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    return variable in named or variable.startswith("CONSOLE_")


def main() -> None:
    # So that whatever runs below ends with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    node = node_version()
    dev = "--dev" in sys.argv[1:]
    with alone():
        packages = install_packages(dev=dev)
        collect_static(packages, build_page(node))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
