"""The console's side of the engine protocol: one process an attempt."""

import json
import os
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech.plan import TaskSubmission

EXAMPLE = Path(__file__).resolve().parent.parent
ENGINES = tomllib.loads((EXAMPLE / "engines.toml").read_text())["engines"]


@dataclass(frozen=True)
class Outcome:
    """What the console would keep of one attempt."""

    exit_code: int
    output: Any
    files: dict[str, Path]
    log: str
    errors: str


class Attempts:
    """Runs engines as their command in engines.toml, one process an attempt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(
        self,
        engine_id: str,
        *,
        parameters: Mapping[str, object] | None = None,
        config: Mapping[str, object] | None = None,
        upstream: Mapping[str, Outcome | None] | None = None,
        files: Mapping[str, Path] | None = None,
    ) -> Outcome:
        number = len(list(self.folder.iterdir()))
        attempt = self.folder / f"{number}-{engine_id}"
        (attempt / "files").mkdir(parents=True)
        before = {key: found for key, found in (upstream or {}).items() if found}
        document = {
            "job_id": "job",
            "task_id": str(number),
            "key": engine_id,
            "attempt": 1,
            "config": config or {},
            "parameters": parameters or {},
            "inputs": {key: found and found.output for key, found in (upstream or {}).items()},
            "files": {file_id: str(path) for file_id, path in (files or {}).items()},
            "input_files": {
                key: {name: str(path) for name, path in found.files.items()}
                for key, found in before.items()
            },
        }
        return self._start(ENGINES[engine_id]["command"], document, attempt)

    def chain(self, tasks: list[TaskSubmission], audio: Path) -> dict[str, Outcome]:
        """A whole job, task by task in the order of its plan, up to the first failure."""
        done: dict[str, Outcome] = {}
        for task in tasks:
            if "map" not in task:
                done[task["key"]] = self._succeed(task, audio, done, {})
                continue
            elements = done[task["map"]["over"]].output[task["map"]["path"]]
            each = [self._succeed(task, audio, done, {"item": item}) for item in elements]
            done[task["key"]] = Outcome(0, [one.output for one in each], {}, "", "")
        return done

    def _succeed(
        self,
        task: TaskSubmission,
        audio: Path,
        done: Mapping[str, Outcome],
        config: Mapping[str, object],
    ) -> Outcome:
        outcome = self.run(
            task["engine_id"],
            parameters={"audio": {"file": "f1"}, "name": audio.name},
            config=config,
            upstream={key: done[key] for key in task["depends_on"]},
            files={"f1": audio},
        )
        assert outcome.exit_code == 0, f"{task['key']}: {outcome.errors}"
        return outcome

    def _start(self, command: list[str], document: object, attempt: Path) -> Outcome:
        output = attempt / "output.json"
        folder = attempt / "files"
        done = subprocess.run(
            command,
            cwd=EXAMPLE,
            env=os.environ | {"YARD_OUTPUT": str(output), "YARD_FILES": str(folder)},
            input=json.dumps(document),
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(
            exit_code=done.returncode,
            output=json.loads(output.read_text()) if output.exists() else None,
            files={path.name: path for path in folder.iterdir()},
            log=done.stdout,
            errors=done.stderr,
        )
