"""One JSON line per event on standard error, with nothing in it that names a buyer or opens a door."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_KEYS = re.compile(r"password|secret|token|authorization|cookie|credential|body|subject|address", re.I)
# One line a poll and task would drown what an operator must see.
NOISY = ("imapclient", "httpx", "httpcore", "celery.worker.strategy", "celery.app.trace")
MOST_FRAMES = 12
MOST_CAUSES = 5
MAIL_ADDRESS = re.compile(r"[^\s<>\"'@]+@[^\s<>\"'@]+")


def describe_exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Write an exception as types and places: its message may hold rows of a table or a buyer's words."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    chain: list[dict[str, Any]] = []
    while isinstance(error, BaseException) and len(chain) < MOST_CAUSES:
        frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
        chain.append(
            {
                "type": f"{type(error).__module__}.{type(error).__qualname__}",
                "sqlstate": getattr(error, "sqlstate", None),
                "at": [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames],
            }
        )
        error = error.__cause__ or error.__context__
    if chain:
        event["exception"] = chain
    return event


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank values under telling names and mail addresses inside any text."""
    # Django's request shows the whole address with its query; the path stands in the event already.
    event.pop("request", None)
    for key, value in event.items():
        if SECRET_KEYS.search(key):
            event[key] = "[redacted]"
        elif isinstance(value, str):
            event[key] = MAIL_ADDRESS.sub("[address]", value)
    return event


def configure_logging(level: str) -> None:
    """Send the standard library's and structlog's events through one chain."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        describe_exception,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
