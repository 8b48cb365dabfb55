"""Words from a stream of 16 kHz mono 16-bit PCM, while it comes."""

from dataclasses import dataclass
from typing import Literal

from pocketsphinx import Decoder, Endpointer

RATE = 16_000
SILENCE = bytes(2)
"""One sample: the endpointer cannot end on none."""


@dataclass(frozen=True)
class Heard:
    """A guess that may still change, or an utterance that is over, `at` seconds into the audio."""

    kind: Literal["partial", "final"]
    text: str
    at: float


class Ears:
    """One speaker. Not thread-safe; each call computes, so keep it off the event loop."""

    def __init__(self) -> None:
        self._decoder = Decoder(samprate=RATE, loglevel="FATAL")
        self._endpointer = Endpointer(sample_rate=RATE)
        self._frame = self._endpointer.frame_bytes
        self._rest = b""
        self._partial = ""
        self._bytes = 0

    def hear(self, pcm: bytes) -> list[Heard]:
        """What the next piece of audio, of any length, brings."""
        self._rest += pcm
        found: list[Heard] = []
        while len(self._rest) >= self._frame:
            frame, self._rest = self._rest[: self._frame], self._rest[self._frame :]
            self._bytes += len(frame)
            found += self._take(frame)
        return found

    def end(self) -> list[Heard]:
        """The audio is over."""
        was = self._endpointer.in_speech
        speech = self._endpointer.end_stream(self._rest or SILENCE)
        if not was:
            return []
        if speech is not None:
            self._decoder.process_raw(speech)
        return self._finish()

    def _take(self, frame: bytes) -> list[Heard]:
        was = self._endpointer.in_speech
        speech = self._endpointer.process(frame)
        if speech is None:
            return []
        if not was:
            self._decoder.start_utt()
            self._partial = ""
        self._decoder.process_raw(speech)
        if not self._endpointer.in_speech:
            return self._finish()
        text = self._text()
        if text == self._partial:
            return []
        self._partial = text
        return [Heard("partial", text, self._at)]

    def _finish(self) -> list[Heard]:
        self._decoder.end_utt()
        text = self._text()
        return [Heard("final", text, self._at)] if text else []

    @property
    def _at(self) -> float:
        return round(self._bytes / 2 / RATE, 2)

    def _text(self) -> str:
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""
