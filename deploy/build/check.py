"""Everything that is checked without running a test, one after the other. `make check`."""

from __future__ import annotations

import filecmp
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"
BIN = ROOT / ".venv" / "bin"
PYTHON = str(BIN / "python")
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ \\]+)", re.MULTILINE)


def title(words: str) -> None:
    sys.stdout.write(f"\n── {words}\n")
    sys.stdout.flush()


def run(argv: list[str], cwd: Path = ROOT, settings: Mapping[str, str] | None = None) -> None:
    environment = {**os.environ, **(settings or {})}
    done = subprocess.run(argv, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"check: {' '.join(argv)} failed (exit {done.returncode}).")


def ruff() -> None:
    run([str(BIN / "ruff"), "check"])
    run([str(BIN / "ruff"), "format", "--check"])


def types() -> None:
    run([PYTHON, "-m", "mypy"])


def layers() -> None:
    run([str(BIN / "lint-imports")])


def django() -> None:
    run([PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"])
    run([PYTHON, "manage.py", "check"])
    run([PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], settings=deployed())


def deployed() -> dict[str, str]:
    """Settings of a console behind a proxy with TLS. Nothing of it is there, nor asked for."""
    return {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "CONSOLE_SECRET_KEY": secrets.token_urlsafe(48),
        "CONSOLE_KEY_PEPPER": secrets.token_urlsafe(48),
        "CONSOLE_URL": "https://console.example",
        "CONSOLE_NUM_PROXIES": "1",
        "CONSOLE_FILES_URL": "s3://bucket",
    }


def api_files() -> None:
    """`openapi.json` is what the server says, and the page's types are made from it."""
    with tempfile.TemporaryDirectory(prefix="yard-check-") as folder:
        schema, declared = Path(folder, "openapi.json"), Path(folder, "schema.d.ts")
        spectacular = ["manage.py", "spectacular", "--format", "openapi-json", "--fail-on-warn"]
        run([PYTHON, *spectacular, "--file", str(schema)])
        same(schema, FRONTEND / "openapi.json", "manage.py spectacular --format openapi-json")
        generator = FRONTEND / "node_modules" / ".bin" / "openapi-typescript"
        flags = ["--default-non-nullable", "false"]
        run([str(generator), "openapi.json", *flags, "-o", str(declared)], FRONTEND)
        same(declared, FRONTEND / "src" / "api" / "schema.d.ts", "npm run types")


def same(fresh: Path, kept: Path, remedy: str) -> None:
    if not kept.exists() or not filecmp.cmp(fresh, kept, shallow=False):
        sys.exit(f"check: {kept.relative_to(ROOT)} is stale: write it anew with `{remedy}`.")


def lockfiles() -> None:
    """What is asked for is what is pinned; nothing says where it was downloaded."""
    pinned: dict[str, Version] = {}
    for name in ("requirements", "requirements-dev"):
        text = (ROOT / f"{name}.txt").read_text()
        pinned |= {
            canonicalize_name(m["name"]): Version(m["version"]) for m in PINNED.finditer(text)
        }
        for line in (ROOT / f"{name}.in").read_text().splitlines():
            if line and not line.startswith(("#", "-")):
                refuse_unpinned(Requirement(line), pinned, f"{name}.txt")
    packages = json.loads((FRONTEND / "package-lock.json").read_text())["packages"]
    asked = json.loads((FRONTEND / "package.json").read_text())
    for group in ("dependencies", "devDependencies"):
        if packages[""].get(group) != asked.get(group):
            sys.exit(f"check: frontend/package-lock.json: {group} are stale: run npm install.")
    if any("resolved" in package for package in packages.values()):
        sys.exit('check: frontend/package-lock.json names addresses ("resolved"); see .npmrc.')


def refuse_unpinned(asked: Requirement, pinned: dict[str, Version], file: str) -> None:
    version = pinned.get(canonicalize_name(asked.name))
    if version is None or not asked.specifier.contains(version, prereleases=True):
        sys.exit(f"check: {file} does not satisfy {asked} ({version or 'absent'}): run make lock.")


def supply_chain() -> None:
    run([PYTHON, "deploy/build/supply_chain.py"])


def page() -> None:
    for script in ("lint", "typecheck", "knip"):
        run(["npm", "run", "--silent", script], FRONTEND)


CHECKS: dict[str, Callable[[], None]] = {
    "Python style (ruff)": ruff,
    "Lockfiles": lockfiles,
    "Supply chain (advisories, SBOM)": supply_chain,
    "Layers (import-linter)": layers,
    "Migrations and system checks": django,
    "OpenAPI file and the page's types": api_files,
    "Python types (mypy)": types,
    "The page: lint, types, unused code": page,
}


@contextmanager
def plain_environment() -> Iterator[None]:
    """No setting of the caller's console, and a folder that is thrown away."""
    for name in [*os.environ]:
        if name.startswith("CONSOLE_") or name in {"DATABASE_URL", "REDIS_URL"}:
            del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="yard-check-") as folder:
        os.environ["CONSOLE_DATA_DIR"] = folder
        yield


def main() -> None:
    with plain_environment():
        for words, check in CHECKS.items():
            title(words)
            check()
    title("All checks passed")


if __name__ == "__main__":
    main()
