"""Stage 5: one transcript from all pieces, as text, SRT and JSON."""

import json
from typing import cast

from speech import srt
from speech.protocol import Task, log, run
from speech.shapes import Merged, Polished, Prepared, Transcript, Word
from speech.words import as_segment, by_pause, words_of


def written_sentences(words: list[Word], polished: Polished | None) -> list[list[Word]]:
    """The words by sentence, spelled as `polish` wrote them where it did."""
    if polished is None:
        return by_pause(words)
    written = sum(map(len, polished["sentences"]))
    if written != len(words):
        raise ValueError(f"polish wrote {written} words for {len(words)}")
    heard = iter(words)
    return [
        [{**next(heard), "text": text} for text in sentence] for sentence in polished["sentences"]
    ]


def merge(task: Task) -> Merged:
    prepared = cast("Prepared", task.inputs["prepare"])
    polished = cast("Polished | None", task.inputs.get("polish"))
    words = words_of(task.inputs["transcribe"])
    sentences = written_sentences(words, polished)
    segments = [as_segment(sentence) for sentence in sentences]
    transcript: Transcript = {
        "duration_seconds": prepared["duration_seconds"],
        "polished": polished is not None,
        "text": " ".join(line["text"] for line in segments),
        "segments": segments,
        "words": words,
        "warnings": prepared["warnings"],
    }
    save(task, transcript, sentences)
    log(f"{len(words)} words in {len(segments)} segments")
    return {
        "text": transcript["text"],
        "words": len(words),
        "segments": len(segments),
        "duration_seconds": transcript["duration_seconds"],
        "polished": transcript["polished"],
        "warnings": transcript["warnings"],
    }


def save(task: Task, transcript: Transcript, sentences: list[list[Word]]) -> None:
    contents = {
        "transcript.txt": "".join(f"{line['text']}\n" for line in transcript["segments"]),
        "transcript.srt": srt.render([cue for sentence in sentences for cue in srt.cues(sentence)]),
        "transcript.json": json.dumps(transcript, ensure_ascii=False, indent=1) + "\n",
    }
    for name, content in contents.items():
        (task.folder / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    run(merge)
