"""A stub of the driver's library, as the binding loads it; what it says is written to a file."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("nvml.c")
LIBRARY = "libnvidia-ml.so.1"


def build(folder: Path) -> Path:
    """The compiled library."""
    path = folder / LIBRARY
    subprocess.run(["cc", "-shared", "-fPIC", "-o", path, SOURCE, "-ldl"], check=True)
    return path


@dataclass(frozen=True)
class Driver:
    """A machine's driver: lines as `nvml.c` reads them."""

    folder: Path

    @classmethod
    def install(cls, library: Path, folder: Path) -> Driver:
        """Into a folder of its own, beside what it is to say."""
        shutil.copy(library, folder / LIBRARY)
        driver = cls(folder)
        driver.says("driver 550.54.15")
        return driver

    def says(self, *lines: str) -> None:
        """From now on this and nothing else."""
        new = self.folder / "behaviour.new"
        new.write_text("\n".join(lines) + "\n")
        new.replace(self.folder / "behaviour")

    def has_cards(self, number: int, *more: str, used_mb: int = 1000) -> None:
        """So many cards, GPU-0 and so on, of 8,192 MiB each; and these lines."""
        cards = [card(f"GPU-{index}", used_mb) for index in range(number)]
        self.says("driver 550.54.15", *cards, *more)

    def remove(self) -> None:
        """The library is gone."""
        (self.folder / LIBRARY).unlink()


def card(uuid: str, used_mb: int = 1000) -> str:
    return f"card {uuid} 8192 {used_mb} 37 55 120500 Test card"
