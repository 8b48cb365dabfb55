"""The speech example end to end: its own venv, a console of its own, one job, the transcript.

`run.py [AUDIO] [options of submit.py]` starts a private console and stops it again;
with `--console URL` (and $YARDMASTER_KEY) it uses one that runs; `--self-test` runs the tests.
Standard library only.
"""

import argparse
import hashlib
import os
import platform
import signal
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

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
VENV = HERE / ".venv"
PYTHON = VENV / "bin" / "python"
CONSOLE_PYTHON = REPOSITORY / ".venv" / "bin" / "python"
START_SECONDS = 60
STOP_SECONDS = 30


class Broken(Exception):
    """The example cannot run; the text says what is in the way."""


def install(*requirements: str) -> None:
    """Makes the venv hold the pinned packages; nothing to do where their lists are unchanged."""
    lists = [HERE / name for name in requirements]
    wanted = hashlib.sha256(sys.version.encode() + b"".join(map(Path.read_bytes, lists)))
    stamp = VENV / f"{requirements[-1]}.sha256"
    if stamp.is_file() and stamp.read_text() == wanted.hexdigest() and PYTHON.exists():
        return
    print(f"Installing the example's packages into {VENV}", flush=True)
    venv.create(VENV, with_pip=True, symlinks=True, clear=not made_by_this_python())
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
    chosen = [argument for path in lists for argument in ("-r", str(path))]
    if subprocess.run([PYTHON, "-m", "pip", "install", *options, *chosen], check=False).returncode:
        raise Broken(f"the packages could not be installed for Python {platform.python_version()}")
    stamp.write_text(wanted.hexdigest())


def made_by_this_python() -> bool:
    made = VENV / "pyvenv.cfg"
    return made.is_file() and f"version = {platform.python_version()}\n" in made.read_text()


def embedded_environment(data: Path) -> dict[str, str]:
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
        "CONSOLE_ENGINES": str(HERE / "engines.toml"),
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
def private_console() -> Iterator[tuple[str, Mapping[str, str]]]:
    """A console on a free port, its data in a folder that goes when it ends."""
    if not CONSOLE_PYTHON.exists():
        raise Broken("the console is not installed: run `make setup` first")
    with tempfile.TemporaryDirectory(prefix="yardmaster-speech-") as folder:
        environment = embedded_environment(Path(folder))
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        log = Path(folder) / "console.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [CONSOLE_PYTHON, "manage.py", "up", "--port", str(port)],
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


def submit(url: str, environment: Mapping[str, str], arguments: list[str]) -> int:
    """Runs submit.py where the caller is, so that relative paths are the caller's."""
    command = [str(PYTHON), "-u", str(HERE / "submit.py"), "--url", url, *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def run_on_private_console(arguments: list[str]) -> int:
    with private_console() as (url, environment):
        manage(environment, "create_tenant", "example")
        key = manage(environment, "issue_key", "example", "--scopes", "jobs:read,jobs:write")
        return submit(url, {**environment, "YARDMASTER_KEY": key}, arguments)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--console", metavar="URL", help="a console that runs with engines.toml")
    parser.add_argument("--self-test", action="store_true", help="run the example's own tests")
    options, rest = parser.parse_known_args()
    if options.self_test:
        install("requirements.txt", "requirements-dev.txt")
        return subprocess.run([PYTHON, "-m", "pytest", *rest], cwd=HERE, check=False).returncode
    install("requirements.txt")
    if options.console:
        return submit(options.console, os.environ, rest)
    return run_on_private_console(rest)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except Broken as problem:
        sys.exit(f"run: {problem}")
