"""Settings: embedded (SQLite, one process) unless DATABASE_URL and REDIS_URL say otherwise."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from console_project import broadcast
from console_project import environment as E
from console_project.database import postgresql

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent

# Which of the two modes -------------------------------------------------------------------------

DATABASE_URL = E.text("DATABASE_URL")
REDIS_URL = E.text("REDIS_URL")
EMBEDDED = not DATABASE_URL and not REDIS_URL

CONSOLE_DATA_DIR = E.data_folder("CONSOLE_DATA_DIR", BASE_DIR / "var")
CONSOLE_URL = E.origin("CONSOLE_URL")
CONSOLE_PORT = E.integer("PORT", 8000, low=1, high=65535)
CONSOLE_ENGINES = E.text("CONSOLE_ENGINES")
CONSOLE_LEASE_SECONDS = E.integer("CONSOLE_LEASE_SECONDS", 30, low=2, high=3600)
CONSOLE_SWEEP_SECONDS = min(5.0, CONSOLE_LEASE_SECONDS / 6)
CONSOLE_NUM_PROXIES = E.integer("CONSOLE_NUM_PROXIES", 0, low=0, high=10)
CONSOLE_GPU_SECONDS = E.integer("CONSOLE_GPU_SECONDS", 5, low=1, high=3600)
CONSOLE_GPU_RESERVE_MB = E.integer("CONSOLE_GPU_RESERVE_MB", 0, low=0, high=10_000_000)
CONSOLE_GPU_DRIVER = E.choice("CONSOLE_GPU_DRIVER", "nvml", ("nvml", "simulated"))
CONSOLE_METRICS_TOKEN = E.text("CONSOLE_METRICS_TOKEN")

# Limits of the API; `docs/api.md` names them -----------------------------------------------------

CONSOLE_MAX_TASKS = 10_000
CONSOLE_MAX_EDGES = 50_000
CONSOLE_MAX_BODY_BYTES = 2_500_000
CONSOLE_MAX_OUTPUT_BYTES = 1_048_576
CONSOLE_MAX_MAP_BYTES = 16 * 1024 * 1024
CONSOLE_MAX_FILE_BODY_BYTES = 64 * 1024 * 1024
CONSOLE_MAX_JSON_DEPTH = 32
CONSOLE_MAX_JSON_VALUES = 500_000
CONSOLE_MAX_JSON_KEYS = 10_000
CONSOLE_REQUESTS_PER_MINUTE = 6_000
CONSOLE_MAX_BULK = 10_000
CONSOLE_BULK_RETRIES_PER_SECOND = 50
CONSOLE_BOARD_SECONDS = 0.25
CONSOLE_LOG_LINES = 10_000
CONSOLE_LOG_LINE_BYTES = 64 * 1024

# What is kept, in days; 0: for ever ---------------------------------------------------------------

LONGEST_KEPT_DAYS = 36_500
CONSOLE_KEEP_JOBS_DAYS = E.integer("CONSOLE_KEEP_JOBS_DAYS", 0, low=0, high=LONGEST_KEPT_DAYS)
CONSOLE_KEEP_EVENTS_DAYS = E.integer("CONSOLE_KEEP_EVENTS_DAYS", 0, low=0, high=LONGEST_KEPT_DAYS)
CONSOLE_KEEP_LOGS_DAYS = E.integer("CONSOLE_KEEP_LOGS_DAYS", 0, low=0, high=LONGEST_KEPT_DAYS)
CONSOLE_KEEP_FILES_DAYS = E.integer("CONSOLE_KEEP_FILES_DAYS", 0, low=0, high=LONGEST_KEPT_DAYS)
CONSOLE_KEEP_USAGE_DAYS = E.integer("CONSOLE_KEEP_USAGE_DAYS", 400, low=1, high=LONGEST_KEPT_DAYS)

# Secrets -----------------------------------------------------------------------------------------

_generated = CONSOLE_DATA_DIR if EMBEDDED else None
SECRET_KEY = E.text("CONSOLE_SECRET_KEY") or (
    E.kept_secret(_generated, "secret_key") if _generated else "unset: see check console.E003"
)
CONSOLE_KEY_PEPPER = E.text("CONSOLE_KEY_PEPPER") or (
    E.kept_secret(_generated, "key_pepper") if _generated else ""
)

# Django ------------------------------------------------------------------------------------------

DEBUG = False
ROOT_URLCONF = "console_project.urls"
ASGI_APPLICATION = "console_project.asgi.application"
WSGI_APPLICATION = "console_project.wsgi.application"
AUTH_USER_MODEL = "tenants.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
APPEND_SLASH = False

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "channels",
    "csp",
    "django_filters",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "rest_framework",
    "apps.tenants",
    "apps.workers",
    "apps.jobs",
    "apps.tasks",
    "apps.console",
]

MIDDLEWARE = [
    "apps.console.middleware.BodyLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.console.middleware.IdleSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "apps.console.middleware.ResponseHeadersMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database ----------------------------------------------------------------------------------------

if DATABASE_URL:
    DATABASES: dict[str, dict[str, Any]] = {
        "default": postgresql(
            DATABASE_URL,
            CONSOLE_LEASE_SECONDS,
            pooled=E.env.bool("CONSOLE_DB_POOL", default=False),
        )
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": CONSOLE_DATA_DIR / "console.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    }

# Files -------------------------------------------------------------------------------------------

CONSOLE_FILES_URL = E.text("CONSOLE_FILES_URL")
_bucket = urlsplit(CONSOLE_FILES_URL) if CONSOLE_FILES_URL.startswith("s3://") else None
STORAGES: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": _bucket.netloc,
                "location": _bucket.path.strip("/"),
                "file_overwrite": False,
            },
        }
        if _bucket
        else {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": CONSOLE_FILES_URL or CONSOLE_DATA_DIR / "files",
                "directory_permissions_mode": 0o700,
                "file_permissions_mode": 0o600,
            },
        }
    ),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS: list[str] = []
DATA_UPLOAD_MAX_MEMORY_SIZE = CONSOLE_MAX_BODY_BYTES

# Static files and the page -----------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "build" / "static"
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATICFILES_DIRS = [("console", FRONTEND_DIST)] if FRONTEND_DIST.is_dir() else []
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "png", "jpg", "gif", "woff", "woff2", "gz", "br"]
WHITENOISE_IMMUTABLE_FILE_TEST = r"^.+[.-][0-9A-Za-z_-]{8,12}\.[0-9a-z]+(?:\.map)?$"

# Who may reach us --------------------------------------------------------------------------------

_public = urlsplit(CONSOLE_URL)
_loopback = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = [_public.hostname, *_loopback] if _public.hostname else _loopback
CSRF_TRUSTED_ORIGINS = [CONSOLE_URL] if CONSOLE_URL else []
_tls = _public.scheme == "https"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if _tls and CONSOLE_NUM_PROXIES else None
)
SECURE_HSTS_SECONDS = 31_536_000 if _tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _tls
SECURE_HSTS_PRELOAD = _tls
SECURE_SSL_REDIRECT = _tls and CONSOLE_NUM_PROXIES > 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SESSION_COOKIE_NAME = f"session_{CONSOLE_PORT}"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_COOKIE_SECURE = _tls
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"csrftoken_{CONSOLE_PORT}"
CSRF_COOKIE_SECURE = _tls
CSRF_FAILURE_VIEW = "apps.console.views.csrf_failure"
LOGIN_URL = "/console/login"
LOGIN_REDIRECT_URL = "/console/"
PASSWORD_RESET_TIMEOUT = int(timedelta(minutes=15).total_seconds())

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=5)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "apps.tenants.actors.client_address"
AXES_LOCKOUT_CALLABLE = "apps.console.views.locked_out"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "style-src-elem": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

# API ---------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.tenants.callers.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["apps.tenants.callers.ScopePermission"],
    "DEFAULT_RENDERER_CLASSES": ["apps.console.api.render.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.console.api.render.StrictJSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["apps.console.api.throttle.KeyThrottle"],
    "DEFAULT_SCHEMA_CLASS": "apps.console.api.schema.ConsoleSchema",
    "EXCEPTION_HANDLER": "apps.console.api.errors.exception_handler",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "NUM_PROXIES": CONSOLE_NUM_PROXIES,
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Yardmaster",
    "DESCRIPTION": "One console for batch jobs and realtime workers on shared GPU machines.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/console",
    "ENUM_NAME_OVERRIDES": {
        "BulkResult": "apps.jobs.status.BulkResult",
        "BulkVerb": "apps.jobs.status.BulkVerb",
        "GpuDriver": "apps.workers.cards.reading.DRIVERS",
        "HolderKind": "apps.console.api.gpus.KINDS",
        "JobStatus": "apps.jobs.status.JobStatus",
        "SaidStatus": "apps.workers.status.SAID",
        "SessionStatus": "apps.workers.status.SessionStatus",
        "TaskStatus": "apps.tasks.status.TaskStatus",
        "WorkerStatus": "apps.workers.status.WorkerStatus",
    },
}

# Celery and Channels -----------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # What a dead worker had taken comes back after so long; by then it is only an old bell.
        "visibility_timeout": 600,
        "max_connections": 50,
    }
    if REDIS_URL
    else {"polling_interval": 0.02}
)
# Who publishes has a request or a lease to keep: it gives up within a second, and work is found
# without the message.
CONSOLE_PUBLISH_OPTIONS: dict[str, Any] = (
    {"socket_timeout": 0.7, "socket_connect_timeout": 0.7, "max_retries": 0} if REDIS_URL else {}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "console"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 4
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(CONSOLE_DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "tasks.sweep", "schedule": CONSOLE_SWEEP_SECONDS, "options": {"expires": 30}},
    "bulk": {"task": "tasks.bulk", "schedule": 5.0, "options": {"expires": 5}},
    "fold": {"task": "tasks.fold", "schedule": 60.0, "options": {"expires": 60}},
    "cards": {
        "task": "cards.sample",
        "schedule": float(CONSOLE_GPU_SECONDS),
        "options": broadcast.options(CONSOLE_GPU_SECONDS),
    },
    "fold-cards": {"task": "cards.fold", "schedule": 60.0, "options": {"expires": 60}},
    "prune": {"task": "tasks.prune", "schedule": 3600.0, "options": {"expires": 3000}},
}

CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {
                "hosts": [
                    {
                        "address": REDIS_URL,
                        "max_connections": 1000,
                        "socket_connect_timeout": 2,
                        "socket_keepalive": True,
                    }
                ]
            },
        }
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}

# Logs: one JSON record a line --------------------------------------------------------------------

from console_project.logs import LOGGING  # noqa: E402, F401
