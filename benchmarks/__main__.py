"""`make bench`: every measurement, as Markdown."""

from __future__ import annotations

from benchmarks import embedded, live, orchestration, paint, read_path, router
from benchmarks.machine import describe


def main() -> None:
    """Print them all. The large sizes of `read_path` are asked for by hand."""
    print(f"Measured on: {describe()}\n")
    for part in (embedded, orchestration, live, paint, read_path, router):
        part.main()
        print(flush=True)


if __name__ == "__main__":
    main()
