"""What the examples share: a virtual environment of their own, and a private console.

Standard library only.
"""

import hashlib
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CONSOLE_PYTHON = REPOSITORY / ".venv" / "bin" / "python"
START_SECONDS = 60
STOP_SECONDS = 30


class Broken(Exception):
    """The example cannot run; the text says what is in the way."""


def install(here: Path, *requirements: str) -> None:
    """Makes the venv of an example's folder hold the pinned packages; nothing to do where their
    lists are unchanged.
    """
    lists = [here / name for name in requirements]
    environment = here / ".venv"
    python = environment / "bin" / "python"
    wanted = hashlib.sha256(sys.version.encode() + b"".join(map(Path.read_bytes, lists)))
    stamp = environment / f"{requirements[-1]}.sha256"
    if stamp.is_file() and stamp.read_text() == wanted.hexdigest() and python.exists():
        return
    print(f"Installing the example's packages into {environment}", flush=True)
    clear = not made_by_this_python(environment)
    venv.create(environment, with_pip=True, symlinks=True, clear=clear)
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
    chosen = [argument for path in lists for argument in ("-r", str(path))]
    if subprocess.run([python, "-m", "pip", "install", *options, *chosen], check=False).returncode:
        raise Broken(f"the packages could not be installed for Python {platform.python_version()}")
    stamp.write_text(wanted.hexdigest())


def made_by_this_python(environment: Path) -> bool:
    made = environment / "pyvenv.cfg"
    return made.is_file() and f"version = {platform.python_version()}\n" in made.read_text()


def embedded_environment(data: Path, engines: str) -> dict[str, str]:
    """This process's environment, with the settings of no other console in it."""
    ours = ("CONSOLE_", "YARDMASTER_")
    foreign = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(ours) and name not in foreign
    }
    return kept | {
        "CONSOLE_DATA_DIR": str(data / "data"),
        "CONSOLE_ENGINES": engines,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/api/console/healthz", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise Broken(f"the console did not start:\n{tail}")
        time.sleep(0.1)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a console that still runs; raises Broken when it does not end cleanly."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        code = process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Broken(f"the console was still there {STOP_SECONDS} s after SIGTERM") from None
    if code != 0:
        raise Broken(f"the console ended with {code} on SIGTERM")


@contextmanager
def private_console(engines: str, prefix: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """A console on a free port, its data in a folder that goes when it ends. `engines`: a file."""
    if not CONSOLE_PYTHON.exists():
        raise Broken("the console is not installed: run `make setup` first")
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        port = free_port()
        environment = embedded_environment(Path(folder), engines) | {"PORT": str(port)}
        url = f"http://127.0.0.1:{port}"
        log = Path(folder) / "console.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [CONSOLE_PYTHON, "manage.py", "up"],
                cwd=REPOSITORY,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for us; the console then gets its SIGTERM
            )
        try:
            wait_until_up(process, url, log)
            print(f"The console runs at {url}/console/ for as long as the example.", flush=True)
            yield url, environment
            if process.poll() is not None:
                raise Broken(f"the console ended by itself, with {process.returncode}")
        finally:
            stop(process)


def manage(environment: Mapping[str, str], *arguments: str) -> str:
    """Runs a management command and returns the last line of its output."""
    done = subprocess.run(
        [CONSOLE_PYTHON, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Broken(f"manage.py {arguments[0]} failed:\n{done.stderr or done.stdout}")
    return done.stdout.rstrip().rpartition("\n")[2].strip()
