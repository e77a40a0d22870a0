"""The web's entry: ``gunicorn prm.wsgi``."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prm.settings")
application = get_wsgi_application()

# Everything is loaded before the workers part, and put out of the collector's sight: they share this memory for good.
get_resolver().url_patterns  # noqa: B018  (imports every page)
gc.collect()
gc.freeze()
