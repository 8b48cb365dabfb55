from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.tasks.engines.definition import Engine
from apps.tasks.engines.registry import BUILT_IN, from_toml


def read(text: str) -> list[Engine]:
    return list(from_toml(text, Path("/engines"), "engines.toml"))


def test_a_definition_has_sensible_defaults() -> None:
    (engine,) = read('[engines.whisper]\npython = "a.b:c"\n')
    assert (engine.stage, engine.kind, engine.concurrency) == ("whisper", "python", 1)
    assert (engine.timeout_seconds, engine.on_silence) == (3600.0, "continue")


def test_every_setting_is_taken() -> None:
    (engine,) = read(
        '[engines."a.b"]\nstage = "s"\ncommand = ["x", "y"]\nmodels = ["m"]\nconcurrency = 3\n'
        'batch = 1\ntimeout_seconds = 5\ngpus = 1\ngpu_memory_mb = 7\non_silence = "stop"\n'
    )
    assert engine.command == ("x", "y")
    assert (engine.gpus, engine.gpu_memory_mb, engine.on_silence) == (1, 7, "stop")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[engines.x]\npython = ", "line 2"),
        ('[engines.x]\npython = "a:b"\nspeed = 1', "line 3: engine x: Unknown setting 'speed'"),
        ('[engines.x]\npython = "a:b"\n\nbatch = 0', "line 4: engine x: batch must be a whole"),
        ("[engines.x]\nbatch = 1", "line 1: engine x: An engine has exactly one of"),
        ('[engines.x]\npython = "a:b"\nhttp = "http://h"', "exactly one of"),
        (
            '[engines.x]\npython = "a:b"\ngpus = 1\nbatch = 2',
            "line 4: engine x: An engine that",
        ),
        ('[engines.X]\npython = "a:b"', "line 1: engine X: An engine's name"),
        ('[engine.x]\npython = "a:b"', "line 1: unknown table [engine]"),
        ('[engines.x]\nhttp = "ftp://h"', "line 2: engine x: http must be an address"),
        ('[engines.x]\npython = "nonsense"', "line 2"),
        ("[engines.x]\ncommand = []", "command must be a list"),
        ('[engines.x]\npython = "a:b"\nconcurrency = true', "concurrency must be a whole"),
        ('[engines.x]\npython = "a:b"\ntimeout_seconds = -1', "a number of seconds"),
        ("[engines]\nx = 1", "An engine is a table"),
    ],
)
def test_a_mistake_names_its_line(text: str, says: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read(text)
    assert str(caught.value).startswith("engines.toml")
    assert says in str(caught.value)


def test_the_second_of_two_tables_is_found() -> None:
    text = '[engines.a]\npython = "a:b"\n[engines.b]\npython = "a:b"\nbatch = 0\n'
    with pytest.raises(ImproperlyConfigured, match="line 5: engine b"):
        read(text)


def test_the_tour_is_readable() -> None:
    text = (BUILT_IN / "engines.toml").read_text(encoding="utf-8")
    engines = list(from_toml(text, BUILT_IN, "tour", demo=True))
    assert all(engine.demo for engine in engines)
    assert len(engines) == 9
