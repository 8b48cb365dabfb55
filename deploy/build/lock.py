"""Compiles the `.in` files to hash-pinned `.txt`, keeping what still fits. `make lock`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = [
    "--quiet",
    "--allow-unsafe",
    "--generate-hashes",
    "--strip-extras",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-emit-trusted-host",
]


def main() -> None:
    for folder in (ROOT, *sorted((ROOT / "examples").glob("*"))):
        for name in ("requirements", "requirements-dev"):
            if not (folder / f"{name}.in").is_file():
                continue
            sys.stdout.write(f"lock: {(folder / name).relative_to(ROOT)}.txt\n")
            sys.stdout.flush()
            argv = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *sys.argv[1:]]
            subprocess.run(
                [*argv, "--output-file", f"{name}.txt", f"{name}.in"],
                cwd=folder,
                env={**os.environ, "CUSTOM_COMPILE_COMMAND": "make lock"},
                check=True,
            )


if __name__ == "__main__":
    main()
