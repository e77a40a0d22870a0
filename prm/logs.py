"""Structured logs: readable lines in a terminal, JSON when ``PRM_LOG_FORMAT=json``; every line carries the request id."""

import os
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
RENDERERS: dict[str, list[Any]] = {
    "json": [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
    "console": [structlog.dev.ConsoleRenderer(colors=False)],
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *RENDERERS[os.environ.get("PRM_LOG_FORMAT", "console")],
            ],
            "foreign_pre_chain": SHARED,
        }
    },
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["lines"], "level": os.environ.get("PRM_LOG_LEVEL", "INFO")},
    "loggers": {"django.server": {"handlers": ["lines"], "level": "INFO", "propagate": False}},
}
