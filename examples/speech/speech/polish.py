"""Stage 4, optional: sentences from pauses, capitals, abbreviations. Rules, nothing learned."""

from speech.protocol import PermanentFailure, Task, log, run
from speech.shapes import Polished
from speech.words import PAUSE_SECONDS, by_pause, words_of

WRITTEN = {
    "mister": "Mr.",
    "mr": "Mr.",
    "missus": "Mrs.",
    "mrs": "Mrs.",
    "dr": "Dr.",
    "i": "I",
    "i'd": "I'd",
    "i'll": "I'll",
    "i'm": "I'm",
    "i've": "I've",
}


def write_sentence(words: list[str]) -> list[str]:
    """One written word for each one heard: a capital first, a full stop last."""
    written = [WRITTEN.get(word, word) for word in words]
    written[0] = written[0][0].upper() + written[0][1:]
    written[-1] = written[-1].removesuffix(".") + "."
    return written


def polish(task: Task) -> Polished:
    pause = task.config.get("pause_seconds", PAUSE_SECONDS)
    if not isinstance(pause, int | float) or pause <= 0:
        raise PermanentFailure(f"pause_seconds must be a number above 0, not {pause!r}")
    groups = by_pause(words_of(task.inputs["transcribe"]), pause)
    log(f"{sum(map(len, groups))} words in {len(groups)} sentences")
    return {"sentences": [write_sentence([word["text"] for word in group]) for group in groups]}


if __name__ == "__main__":
    run(polish)
