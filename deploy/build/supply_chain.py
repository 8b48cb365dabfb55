"""What is installed, listed (CycloneDX, in build/sbom/), and asked about at an advisory service.

A service that knows nothing answers as if all were well, so each is first asked about a version
with known holes: one that does not report those counts as not reached. Where none is reached,
nothing is audited, and it is said so; with AUDIT=required that is a failure.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"
SBOM = ROOT / "build" / "sbom"
LOCKS = sorted(ROOT.glob("requirements*.txt"))
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ \\]+)", re.MULTILINE)
SERVICES = ("pypi", "osv", "esms")
TIMEOUT_SECONDS = 300

HOLED_PYTHON = ("jinja2", "2.4.1")
HOLED_NODE = ("lodash", "4.17.4")


class NotAudited(Exception):
    """No service that answers knows of holes that are known."""


def said(argv: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What a command answered; a service that never answers ends in TimeoutExpired."""
    return subprocess.run(
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )


def parsed(text: str) -> dict[str, object]:
    """The JSON object of an answer; empty when it is none."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def audit_python(folder: Path) -> None:
    """Ask about every pinned requirement. Raises NotAudited."""
    # A cache of its own: an answer of last week is not one of today.
    command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip"]
    command += ["--progress-spinner", "off", "--cache-dir", str(folder / "cache")]
    probe = folder / "probe.txt"
    probe.write_text("==".join(HOLED_PYTHON))
    chosen = os.environ.get("PIP_AUDIT_VULNERABILITY_SERVICE")
    for service in [chosen] if chosen else SERVICES:
        asking = [*command, "--vulnerability-service", service]
        answer = said([*asking, "--no-deps", "--format", "json", "-r", str(probe)], folder)
        match parsed(answer.stdout).get("dependencies"):
            case [{"vulns": [_, *_]}]:
                break
    else:
        raise NotAudited
    for lock in LOCKS:
        done = said([*asking, "--requirement", str(lock)], folder)
        if done.returncode:
            sys.exit(f"{done.stdout}{done.stderr}supply chain: {lock.name} does not pass.")


def audit_page(folder: Path) -> None:
    """Ask about every package of the page's lockfile. Raises NotAudited."""
    name, version = HOLED_NODE
    asked = {"name": "probe", "version": "1.0.0", "dependencies": {name: version}}
    packages = {"": asked, f"node_modules/{name}": {"version": version}}
    lock = {"name": "probe", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}
    (folder / "package.json").write_text(json.dumps(asked))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    command = ["npm", "audit", "--package-lock-only"]
    match parsed(said([*command, "--json"], folder).stdout).get("vulnerabilities"):
        case dict() as found if name in found:
            pass
        case _:
            raise NotAudited
    done = said(command, FRONTEND)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}supply chain: package-lock.json does not pass.")


def library(url: PackageURL) -> Component:
    """A component that others can point at by its URL."""
    return Component(
        type=ComponentType.LIBRARY,
        name=url.name,
        version=url.version,
        purl=url,
        bom_ref=url.to_string(),
    )


def write_sboms() -> None:
    """List what a console is made of; what only tests and builds need is left out."""
    SBOM.mkdir(parents=True, exist_ok=True)
    pins = PINNED.findall((ROOT / "requirements.txt").read_text())
    libraries = [library(PackageURL("pypi", None, name, version)) for name, version in pins]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    console = Component(
        type=ComponentType.APPLICATION, name=project["name"], version=project["version"]
    )
    bom = Bom(components=libraries)
    bom.metadata.component = console
    bom.register_dependency(console, libraries)
    writer = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    (SBOM / "python.cdx.json").write_text(writer.output_as_string(indent=1))
    listing = ["npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev"]
    page = said(listing, FRONTEND)
    if page.returncode:
        sys.exit(f"{page.stderr}supply chain: npm sbom failed.")
    (SBOM / "page.cdx.json").write_text(page.stdout)
    sys.stdout.write(f"supply chain: {len(pins)} Python packages; build/sbom/*.cdx.json written.\n")


def audit() -> None:
    missed = []
    for words, ask in {"Python": audit_python, "the page": audit_page}.items():
        with tempfile.TemporaryDirectory(prefix="yard-audit-") as folder:
            try:
                ask(Path(folder))
            except (NotAudited, subprocess.TimeoutExpired):
                missed.append(words)
                sys.stdout.write(f"NOT AUDITED: no advisory service answers ({words}).\n")
            else:
                sys.stdout.write(f"supply chain: no known holes ({words}).\n")
    if missed and os.environ.get("AUDIT") == "required":
        sys.exit("supply chain: AUDIT=required, and not everything was audited.")


def main() -> None:
    write_sboms()
    sys.stdout.flush()
    audit()


if __name__ == "__main__":
    main()
