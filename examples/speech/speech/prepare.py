"""Stage 1: any audio file to 16 kHz mono WAV."""

from speech.audio import NotAudio, convert
from speech.protocol import PermanentFailure, Progress, Task, log, run
from speech.shapes import Prepared


def prepare(task: Task) -> Prepared:
    path = task.file(task.parameters.get("audio"))
    name = task.parameters.get("name", path.name)
    with path.open("rb") as source:
        try:
            conversion = convert(source, task.folder / "audio.wav", Progress())
        except NotAudio as problem:
            raise PermanentFailure(f"{name} cannot be used: {problem}") from problem
    log(f"{name}: {conversion.seconds:.2f} s of {conversion.codec}, now 16 kHz mono")
    for warning in conversion.warnings:
        log(f"warning: {warning}")
    return {
        "duration_seconds": conversion.seconds,
        "codec": conversion.codec,
        "warnings": conversion.warnings,
    }


if __name__ == "__main__":
    run(prepare)
