"""Records say what went wrong, and none of the values it went wrong with."""

from __future__ import annotations

import json
import logging
import sys

import structlog


def written(secret: str) -> str:
    """The line for an exception raised where a variable holds a secret."""
    handlers = [found.formatter for found in logging.getLogger().handlers]
    (formatter,) = (one for one in handlers if isinstance(one, structlog.stdlib.ProcessorFormatter))
    try:
        [][len(secret)]
    except IndexError:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "it broke", None, sys.exc_info()
        )
    return formatter.format(record)


def test_a_traceback_holds_no_values() -> None:
    line = written("ym_" + "s3cret" * 9)
    assert json.loads(line)["exception"][0]["exc_type"] == "IndexError"
    assert "s3cret" not in line


def test_a_record_is_one_line() -> None:
    assert "\n" not in written("x")
