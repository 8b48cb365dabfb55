"""Every line and branch of the modules that decide what happens has been run by the tests."""

from __future__ import annotations

import sys
from pathlib import Path

from coverage import Coverage
from coverage.exceptions import CoverageException

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "build" / "coverage"
"""One file of data for each part of the tests that measures: see `test.py`."""


def gated(patterns: list[str]) -> set[str]:
    """The files the gate is for: what pyproject.toml says under [tool.coverage.run] include."""
    return {str(path) for pattern in patterns for path in ROOT.glob(pattern)}


def main() -> int:
    measured = Coverage(data_file=None, config_file=str(ROOT / "pyproject.toml"))
    try:
        measured.combine([str(path) for path in DATA.glob("*")], keep=True)
        seen = measured.get_data().measured_files()
        never_run = gated(measured.get_option("run:include")) - seen  # type: ignore[arg-type]
        share = measured.report(show_missing=True, skip_covered=True, file=sys.stdout)
    except CoverageException as error:
        sys.exit(f"coverage: {error}")
    for path in sorted(never_run):
        sys.stdout.write(f"coverage: {Path(path).relative_to(ROOT)} was never imported.\n")
    if share < 100 or never_run:
        sys.exit("coverage: the lines and branches above are run by no test.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
