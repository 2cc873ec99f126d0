"""Log lines from events: names with fields, JSON or for a person's eyes, on standard error.

No line holds a body, a key or a header's value. Tracebacks never carry local variables: they would be whole prompts.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import msgspec
import structlog

from proxy.telemetry.events import (
    AttemptFailed,
    CatalogueFailed,
    Event,
    ExchangeSettled,
    FactsLogFailed,
    Fault,
    ReloadRefused,
    RestartNeeded,
    RulesReloaded,
)
from proxy.telemetry.model_names import as_name

_NAMES: dict[type[Event], tuple[str, str]] = {
    AttemptFailed: ("attempt.failed", "warning"),
    CatalogueFailed: ("catalogue.failed", "warning"),
    ExchangeSettled: ("exchange.settled", "info"),
    FactsLogFailed: ("facts_log.failed", "warning"),
    Fault: ("fault", "error"),
    ReloadRefused: ("reload.refused", "error"),
    RestartNeeded: ("restart.needed", "warning"),
    RulesReloaded: ("rules.reloaded", "info"),
}


def set_up_logging(level: str, form: Literal["auto", "console", "json"]) -> None:
    """Configure structlog, and what uvicorn and others say through the standard library."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    exceptions = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    written: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [exceptions, structlog.processors.JSONRenderer(serializer=_encode)]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *written,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # A line in one piece: PrintLogger writes its end apart, and workers would write into each other's lines.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def _encode(value: object, **_: object) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def log_event(event: Event) -> None:
    """Write one event."""
    name, level = _NAMES[type(event)]
    fields = {field: value for field, value in msgspec.structs.asdict(event).items() if value not in (None, ())}
    if "model" in fields:
        fields["model"] = as_name(fields["model"])
    getattr(structlog.get_logger(), level)(name, **fields)
