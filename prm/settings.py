"""The one place that reads the environment.

Without ``DATABASE_URL`` the embedded services of ``PRM_DATA_DIR`` are used (development, demo, tests); with it, production
rules hold and a missing secret stops the start.
"""

import json
import os
from pathlib import Path
from typing import Any

import dj_database_url
import dj_email_url
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from prm import embedded
from prm.services import addresses

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = embedded.data_dir()
EMBEDDED = not os.environ.get("DATABASE_URL")
DEMO = os.environ.get("PRM_DEMO") == "1"  # shows the demo's sign-ins on the sign-in page
DEBUG = os.environ.get("PRM_DEBUG") == "1"
TESTING = os.environ.get("PRM_TESTING") == "1"

# Services -------------------------------------------------------------------------------------------------------------
if EMBEDDED:
    services = addresses(DATA_DIR)
    SECRET_KEY = services.secret_key
    BROKER_URL, CACHE_URL = os.environ.get("PRM_BROKER_URL") or services.broker_url, services.cache_url
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            "NAME": os.environ.get("PRM_DATABASE_NAME", services.name),
            "USER": services.app_user,
            "PASSWORD": services.app_password,
            "HOST": services.host,
            "PORT": services.port,
            "OPTIONS": {},
        }
    }
    DATABASE_OWNER = {"USER": services.owner_user, "PASSWORD": services.owner_password}
    DATABASE_BACKUP = {"USER": services.backup_user, "PASSWORD": services.backup_password}
else:
    SECRET_KEY = os.environ.get("SECRET_KEY", "")
    if len(SECRET_KEY) < 40 or SECRET_KEY.startswith("demo"):
        raise ImproperlyConfigured(
            "SECRET_KEY must be set to a random text of at least 40 characters (see docs/operations.md)."
        )
    REDIS_URL = os.environ.get("REDIS_URL", "")
    if not REDIS_URL:
        raise ImproperlyConfigured("REDIS_URL must be set when DATABASE_URL is (see docs/operations.md).")
    BROKER_URL = CACHE_URL = REDIS_URL
    DATABASES = {"default": {**dj_database_url.parse(os.environ["DATABASE_URL"])}}
    # One given account plays every part; it takes the bare role at connection, so row security holds and stays loud.
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c role=prm_app"
    _owner = dj_database_url.parse(os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"])
    DATABASE_OWNER = {"USER": _owner["USER"], "PASSWORD": _owner["PASSWORD"]}
    DATABASE_BACKUP = DATABASE_OWNER

DATABASES["default"].update(
    ENGINE="prm.postgresql",
    ATOMIC_REQUESTS=True,
    CONN_MAX_AGE=0 if TESTING else 60,
    CONN_HEALTH_CHECKS=True,
    DISABLE_SERVER_SIDE_CURSORS=True,
)
# A pooler in transaction mode gives each transaction another connection, which does not know what was prepared.
PREPARED_STATEMENTS = os.environ.get("PRM_PREPARED_STATEMENTS", "1") == "1"
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 2,
            "SOCKET_TIMEOUT": 2,
        },  # a lost cache slows the product down and breaks nothing
    }
}
CELERY_BROKER_URL = BROKER_URL

# Applications: each line may import those below it in the design's order, never above ---------------------------------------
INSTALLED_APPS = [
    "prm.apps.PrmConfig",
    "prm.installation",
    "prm.money",
    "prm.events",
    "prm.jobs",
    "prm.fields",
    "prm.notify",
    "prm.externals",
    "prm.api",
    "prm.imports",
    "prm.ui",
    "partners.apps.PartnersConfig",
    "partners.programs",
    "partners.catalogue",
    "partners.engagement",
    "territories.apps.TerritoriesConfig",
    "territories.matching",
    "deals.apps.DealsConfig",
    "deals.conflicts",
    "attribution.apps.AttributionConfig",
    "attribution.kpis",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_countries",
    "django_tables2",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_structlog",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "prm.middleware.SecurityPolicy",
    "prm.middleware.Sessions",
    "prm.middleware.RequestLog",
    "prm.middleware.ScopeMiddleware",
    "prm.middleware.SignedIn",
    "prm.middleware.ReaderMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "prm.middleware.SignInRequiredMiddleware",
    "prm.middleware.HistoryMiddleware",
    "prm.middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "prm.middleware.Htmx",
]

ROOT_URLCONF = "prm.urls"
WSGI_APPLICATION = "prm.wsgi.application"
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver" if EMBEDDED else "").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if origin]
PUBLIC_URL = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}")

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "prm.ui.context.shell",
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "prm.ui.templatetags.ui",
            ],
        },
    }
]
COTTON_DIR = "components"

# People ---------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "partners.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "partners.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation or a reset link has already proved the address
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,5/5m/key", "login": "60/m/ip", "reset_password": "20/m/ip,5/m/key"}
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_FORMS = {"reset_password": "partners.accounts.ResetPasswordForm"}
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Proxies in front of the web: sign-in limits count the reader's address, not theirs.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("TRUSTED_PROXY_COUNT", "0"))
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "PRM"

CSRF_FAILURE_VIEW = "prm.ui.errors.csrf_failure"
SESSION_COOKIE_NAME = "prm_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PUBLIC_URL.startswith("https://"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SECURE_SSL_REDIRECT = os.environ.get("SECURE_SSL_REDIRECT", "1") == "1"
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# Language and time ------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "prm.formats"

# Files ------------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = os.environ.get("STATIC_ROOT") or DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "prm.ui.static.Storage"},
}
MEDIA_ROOT = DATA_DIR / "uploads"
WHITENOISE_USE_FINDERS = EMBEDDED
WHITENOISE_MAX_AGE = 31_536_000 if not DEBUG else 0
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_LIMIT = 25 * 1024 * 1024
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "components/table.html"

# Mail: to files and the screen "Sent e-mail" unless EMAIL_URL says otherwise ------------------------------------------------
if os.environ.get("EMAIL_URL"):
    _mail = dj_email_url.parse(os.environ["EMAIL_URL"])
    EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_BACKEND"], _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
MAIL_TO_FILES = not os.environ.get("EMAIL_URL")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "partners@vendor.example")

# The vendor ---------------------------------------------------------------------------------------------------------------
REPORTING_CURRENCY = os.environ.get("PRM_REPORTING_CURRENCY", "EUR")
BUSINESS_TIME_ZONE = os.environ.get("PRM_BUSINESS_TIME_ZONE", "Europe/Paris")
BUSINESS_COUNTRY = os.environ.get("PRM_BUSINESS_COUNTRY", "FR")
UNDO_SECONDS = 0 if TESTING else 10  # what follows from a decision waits so long, so that it can be taken back
# How long before the close a touch that belongs to no deal still counts for its customer's opportunities.
CREDIT_LOOKBACK_DAYS = int(os.environ.get("PRM_CREDIT_LOOKBACK_DAYS", "365"))
# What share of an open deal the weighted pipeline counts, by stage, in percent; PRM_STAGE_WEIGHTS='{"prospect": 5}' changes one.
STAGE_WEIGHTS = {
    "prospect": 10,
    "qualified": 25,
    "technical_validation": 45,
    "business_validation": 65,
    "committed": 90,
    **json.loads(os.environ.get("PRM_STAGE_WEIGHTS", "{}")),
}

# API ------------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "prm.api.authentication.BearerAuthentication",
        "prm.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["prm.api.permissions.ScopeGranted"],
    "DEFAULT_RENDERER_CLASSES": ["prm.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["prm.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "prm.api.pagination.CursorPage",
    "DEFAULT_FILTER_BACKENDS": ["prm.api.filters.FilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "prm.api.schema.Schema",
    "EXCEPTION_HANDLER": "prm.api.problems.exception_handler",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "prm.api.renderers.JsonOnly",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PRM API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": None,
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_COERCE_PATH_PK": False,
    "POSTPROCESSING_HOOKS": ["prm.api.schema.finish_document"],
}

# History: who changed which field, by row triggers -----------------------------------------------------------------------
PGHISTORY_APPEND_ONLY = (
    False  # said by rights instead (prm.rowpolicy): the roles that work cannot update or delete history
)
PGHISTORY_INSTALL_CONTEXT_FUNC_ON_MIGRATE = True
PGTRIGGER_SCHEMA_EDITOR = True

# Background -------------------------------------------------------------------------------------------------------------
# Seconds after which the broker gives a message of a dead worker to another one; the longest task ends well before.
BROKER_PATIENCE = int(os.environ.get("PRM_VISIBILITY_TIMEOUT", "300"))
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": BROKER_PATIENCE,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "global_keyprefix": os.environ.get("PRM_BROKER_PREFIX", ""),
}
CELERY_BEAT_SCHEDULE = {
    "lapse-protections": {"task": "deals.lapse_protections", "schedule": crontab(minute=5)},
    "expire-returned-registrations": {"task": "deals.expire_unanswered", "schedule": crontab(minute=20)},
    "escalate-missed-promises": {"task": "deals.escalate", "schedule": crontab(minute="*/5")},
    "remind-of-deadlines": {"task": "deals.remind", "schedule": crontab(minute=35)},
    "check-credit": {"task": "attribution.check_credit", "schedule": crontab(minute=20, hour=3)},
    "figures-follow-the-calendar": {"task": "kpis.follow_calendar", "schedule": crontab(minute=10, hour="*/6")},
    "remind-of-tasks": {"task": "engagement.remind", "schedule": crontab(minute="*/15")},
    "clean-up": {"task": "prm.clean_up", "schedule": crontab(minute=50, hour=2)},
}

# Logs: one line an event, one request id from click to task ---------------------------------------------------------------
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10  # DEBUG: a request tells its end
from prm.logs import LOGGING  # noqa: E402,F401  (needs nothing of the above, kept apart for its length)
