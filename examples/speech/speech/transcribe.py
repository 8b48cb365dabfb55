"""Stage 3, once per piece of the audio: the words heard in it."""

from pathlib import Path

from pocketsphinx import Decoder

from speech.audio import RATE, read_pcm
from speech.protocol import PermanentFailure, Progress, Task, log, run
from speech.shapes import Span, Transcribed, Word

FRAMES_PER_SECOND = 100
NOT_WORDS = ("<", "[", "+")  # <sil>, [NOISE], ++COUGH++ and the like


def recognise(path: Path, speech: list[Span]) -> list[Word]:
    """The words of each span, with times in the whole audio."""
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


def transcribe(task: Task) -> Transcribed:
    piece = task.config.get("item")
    if not isinstance(piece, dict) or not piece.get("speech"):
        raise PermanentFailure(f"config.item must be a piece of speech, not {piece!r}")
    words = recognise(task.input_files["prepare"]["audio.wav"], piece["speech"])
    return {"start": piece["start"], "end": piece["end"], "words": words}


if __name__ == "__main__":
    run(transcribe)
