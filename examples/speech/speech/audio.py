"""Reading audio: any format to 16 kHz mono WAV, and pieces of that WAV."""

import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer

from speech.shapes import Span

RATE = 16_000
SAMPLE_BYTES = 2
LONGEST_SECONDS = 12 * 3600
# A playlist or a concat script would otherwise make FFmpeg open the files it names.
NO_OTHER_FILES = {"protocol_whitelist": "none"}


class NotAudio(Exception):
    """The file cannot be used as audio; the text says why."""


@dataclass
class Conversion:
    """What was decoded from one audio stream."""

    codec: str
    announced_seconds: float | None
    samples: int = 0
    packets: int = 0
    broken_packets: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.samples / RATE


def convert(source: BinaryIO, target: Path, progress: Callable[[float], None]) -> Conversion:
    """Writes 16 kHz mono 16-bit WAV; raises NotAudio where nothing useful can be decoded."""
    with _open(source) as container, wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(SAMPLE_BYTES)
        out.setframerate(RATE)
        stream = _audio_stream(container)
        conversion = Conversion(stream.codec_context.name, _announced(container, stream))
        for pcm in _resampled(_frames(container, stream, conversion)):
            out.writeframesraw(pcm)
            conversion.samples += len(pcm) // SAMPLE_BYTES
            if conversion.seconds > LONGEST_SECONDS:
                raise NotAudio(f"it is longer than {LONGEST_SECONDS // 3600} hours")
            if conversion.announced_seconds:
                progress(conversion.seconds / conversion.announced_seconds)
    _judge(conversion)
    return conversion


def read_pcm(path: Path, span: Span) -> bytes:
    """The samples of a span of a WAV that `convert` wrote."""
    with wave.open(str(path), "rb") as wav:
        first = min(round(span["start"] * RATE), wav.getnframes())
        wav.setpos(first)
        return wav.readframes(max(0, round(span["end"] * RATE) - first))


def _open(source: BinaryIO) -> InputContainer:
    try:
        return av.open(source, "r", options=NO_OTHER_FILES)
    except av.FFmpegError as error:
        raise NotAudio(f"no audio format is recognised in it ({error.strerror})") from error


def _audio_stream(container: InputContainer) -> AudioStream:
    if not container.streams.audio:
        raise NotAudio(f"it is {container.format.long_name} without an audio stream")
    return container.streams.audio[0]


def _announced(container: InputContainer, stream: AudioStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


def _frames(
    container: InputContainer, stream: AudioStream, conversion: Conversion
) -> Iterator[AudioFrame]:
    """Decodes what can be decoded, and counts the packets that cannot."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                return
            conversion.packets += 1
            yield from packet.decode()
        except av.EOFError:
            return
        except av.FFmpegError:
            conversion.broken_packets += 1
            if packet is None:
                return


def _resampled(frames: Iterator[AudioFrame]) -> Iterator[bytes]:
    """PCM of each frame; the resampler is renewed where the format changes on the way."""
    resampler: AudioResampler | None = None
    known: tuple[str, str, int] | None = None
    for frame in frames:
        frame.pts = None
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or shape != known:
            if resampler is not None:
                yield from _pcm(resampler.resample(None))
            resampler, known = AudioResampler("s16", "mono", RATE), shape
        yield from _pcm(resampler.resample(frame))
    if resampler is not None:
        yield from _pcm(resampler.resample(None))


def _pcm(frames: list[AudioFrame]) -> Iterator[bytes]:
    for frame in frames:
        yield bytes(frame.planes[0])[: frame.samples * SAMPLE_BYTES]


def _judge(conversion: Conversion) -> None:
    if conversion.samples == 0:
        raise NotAudio(f"its {conversion.codec} stream holds no sound that can be decoded")
    if conversion.broken_packets > conversion.packets / 2:
        raise NotAudio(
            f"{conversion.broken_packets} of {conversion.packets} {conversion.codec} packets "
            "cannot be decoded"
        )
    if conversion.broken_packets:
        conversion.warnings.append(f"{conversion.broken_packets} broken packets were left out")
    announced = conversion.announced_seconds
    if announced is not None and conversion.seconds < 0.9 * announced - 1:
        conversion.warnings.append(
            f"the file announces {announced:.1f} s, but only {conversion.seconds:.1f} s are there"
        )
