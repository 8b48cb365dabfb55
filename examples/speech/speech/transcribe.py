"""Stage 3, once per piece of the audio: the words heard in it."""

from pathlib import Path
from typing import cast

from speech.audio import RATE, read_pcm
from speech.cuts import piece, speech_within
from speech.protocol import PermanentFailure, Progress, Task, log, run
from speech.shapes import Span, Transcribed, Voice, Word

FRAMES_PER_SECOND = 100
NOT_WORDS = ("<", "[", "+")  # <sil>, [NOISE], ++COUGH++ and the like


def recognise(path: Path, speech: list[Span]) -> list[Word]:
    """The words of each span, with times in the whole audio."""
    # Only where there is something to hear: loading the model takes half a second.
    from pocketsphinx import Decoder

    decoder = Decoder(samprate=RATE, loglevel="FATAL")
    progress = Progress()
    words: list[Word] = []
    for number, span in enumerate(speech, start=1):
        decoder.start_utt()
        decoder.process_raw(read_pcm(path, span), full_utt=True)
        decoder.end_utt()
        heard = [
            Word(
                text=segment.word.partition("(")[0],  # "read(2)" is a second pronunciation
                start=round(span["start"] + segment.start_frame / FRAMES_PER_SECOND, 2),
                end=round(span["start"] + (segment.end_frame + 1) / FRAMES_PER_SECOND, 2),
                confidence=round(min(segment.prob, 1.0), 3),
            )
            for segment in decoder.seg() or ()
            if not segment.word.startswith(NOT_WORDS)
        ]
        said = " ".join(word["text"] for word in heard)
        log(f"{span['start']:.2f} to {span['end']:.2f} s: {said}")
        progress(number / len(speech))
        words += heard
    return words


def part_and_parts(task: Task) -> tuple[int, int]:
    part, parts = task.config.get("part"), task.config.get("parts")
    if not (isinstance(part, int) and isinstance(parts, int) and 0 <= part < parts):
        raise PermanentFailure(f"config needs 0 <= part < parts, not part {part}, parts {parts}")
    return part, parts


def transcribe(task: Task) -> Transcribed:
    part, parts = part_and_parts(task)
    voice = cast("Voice", task.inputs["vad"])
    bounds = piece(voice["silences"], voice["duration_seconds"], part, parts)
    speech = speech_within(voice["speech"], bounds)
    if speech:
        words = recognise(task.input_files["prepare"]["audio.wav"], speech)
    else:
        log("no speech in this piece")
        words = []
    return {"start": bounds["start"], "end": bounds["end"], "words": words}


if __name__ == "__main__":
    run(transcribe)
