"""Logging: JSON lines where a program reads them, readable lines on a terminal."""

import logging
import os
import sys
from typing import TextIO, cast

import structlog

from jauap.settings import WrongSetting

LEVELS = ("debug", "info", "warning", "error")


class _StandardError:
    """Standard error as it is when something is said: who configured the log may have had another one, closed since."""

    def write(self, text: str) -> None:
        """Write to it."""
        sys.stderr.write(text)

    def flush(self) -> None:
        """Flush it."""
        sys.stderr.flush()


class _OfLibraries(logging.Handler):
    """What libraries say through the standard library goes the same way as our own words."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it at its own level."""
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name)


def configure(service: str, default: str = "info") -> None:
    """Send structlog to standard error; JAUAP_LOG_LEVEL is debug, info, warning or error. Raises WrongSetting."""
    word = os.environ.get("JAUAP_LOG_LEVEL") or default
    level = logging.getLevelNamesMapping()[word.upper()] if word in LEVELS else logging.INFO
    readable = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if readable else [structlog.processors.dict_tracebacks]),
            structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _StandardError())),
    )
    logging.basicConfig(handlers=[_OfLibraries()], level=logging.WARNING, force=True)
    logging.getLogger("kafka").setLevel(logging.ERROR)  # it complains of a busy machine
    structlog.contextvars.bind_contextvars(process=service, pid=os.getpid())
    if word not in LEVELS:
        raise WrongSetting("JAUAP_LOG_LEVEL", f"must be one of {', '.join(LEVELS)}")
