"""Makes the job of imports known to every process."""

from prm.imports import work  # noqa: F401
