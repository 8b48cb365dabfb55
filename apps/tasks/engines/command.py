"""A command engine: one program run per task, told by a document on its standard input."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

EX_DATAERR = 65


class CommandRunner:
    """Runs the argv of an engine in the host's own process group.

    The program writes its log straight into the host's pipes. It reads the document from a file,
    so that one that never reads cannot block us.
    """

    def __init__(self, engine: dict[str, Any]) -> None:
        self._argv: list[str] = engine["command"]

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        folder = Path(task["work"])
        document = folder / "document.json"
        output = folder / "output.json"
        (folder / "files").mkdir(mode=0o700, parents=True, exist_ok=True)
        document.write_text(json.dumps(task["document"]), encoding="utf-8")
        environment = os.environ | {"YARD_OUTPUT": str(output), "YARD_FILES": str(folder / "files")}
        try:
            with document.open("rb") as source:
                code = subprocess.run(
                    self._argv, stdin=source, env=environment, check=False
                ).returncode
        except OSError as error:
            return {
                "outcome": "failed",
                "final": True,
                "error": f"{self._argv[0]} cannot be started: {error.strerror}",
                "error_code": "exit_127",
            }
        if code == 0:
            return {"outcome": "completed", "output_path": str(output)}
        if code < 0:
            return {"outcome": "lost", "error": f"The command was ended by signal {-code}."}
        return {"outcome": "failed", "final": code == EX_DATAERR, "error_code": f"exit_{code}"}
