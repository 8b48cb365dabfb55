"""`make bench`: every measurement, as Markdown."""

from __future__ import annotations

from benchmarks import embedded, orchestration
from benchmarks.machine import describe


def main() -> None:
    """Print them all."""
    print(f"Measured on: {describe()}\n")
    embedded.main()
    print()
    orchestration.main()


if __name__ == "__main__":
    main()
