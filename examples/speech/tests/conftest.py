"""A place for attempts, the recording, and audio made on the fly."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest
from attempts import EXAMPLE, Attempts
from av.audio.stream import AudioStream


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    folder = tmp_path / "attempts"
    folder.mkdir()
    return Attempts(folder)


@pytest.fixture
def recording() -> Path:
    return EXAMPLE / "data" / "sense_and_sensibility.flac"


@pytest.fixture
def make_audio(tmp_path: Path) -> Callable[..., Path]:
    """Encodes 16-bit samples: `make_audio("a.mp3", "libmp3lame", pcm, rate=44100, layout=…)`."""

    def make(
        name: str, codec: str, pcm: bytes, *, rate: int = 16_000, layout: str = "mono"
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            assert isinstance(stream, AudioStream)
            channels = len(stream.layout.channels)
            resampler = av.AudioResampler(stream.format, layout, rate, stream.frame_size or None)
            frame = av.AudioFrame("s16", layout, len(pcm) // (2 * channels))
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
            frame.planes[0].update(pcm)
            for ready in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(stream.encode(ready))
            container.mux(stream.encode(None))
        return path

    return make
