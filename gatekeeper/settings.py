"""Settings: everything that differs between places comes from the environment (gatekeeper/environment.py)."""

from pathlib import Path

from django.utils.csp import CSP

from gatekeeper import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
DEMO = env.flag("GATEKEEPER_DEMO")
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY", "demonstration-only" if DEMO or DEBUG else None)
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "simple_history",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "gatekeeper.accounts",
    "gatekeeper.ledger",
    "gatekeeper.jobs",
    "gatekeeper.documents",
    "gatekeeper.lots",
    "gatekeeper.demo",
    "plasmids",
    "batches",
    "batches.readings",
    "batches.excursions",
    "release",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "gatekeeper.accounts.middleware.IdleLock",
    "gatekeeper.web.RefusalPages",
]

# The kinds of controlled documents, each declared by the app that judges by it (core.documents.DocumentKind).
DOCUMENT_KINDS = (
    "batches.documents.MASTERS",
    "batches.excursions.documents.RULE_SETS",
    "batches.readings.documents.LOG_MAPPINGS",
    "plasmids.documents.SPECIFICATIONS",
    "release.documents.MARKETS",
    "release.documents.SPECIFICATIONS",
)

# What apps contribute to questions of the apps below them, which know them by these paths alone.
EVIDENCE_CHECKS = ("batches.readings.queries.evidence.altered_readings",)  # (connection) -> findings
EQUIPMENT_FITTED = ("batches.readings.queries.sensors.sensors_on",)  # (equipment) -> what serves with it
BATCH_REVIEW_CONTENT = ("batches.excursions.queries.reviewing.evaluations_reviewed",)  # (record) -> content by name
BATCH_REVIEW_CHECKS = ("batches.excursions.queries.reviewing.check_evaluated",)  # (record) -> raises a refusal
TAG_SAMPLING_CHECKS = ("batches.excursions.queries.sampling.sampling_check",)  # () -> (tags) -> rows
PHASE_READINGS_NEEDED = ("batches.excursions.queries.evaluation_inputs.readings_needed_by",)  # (phase) -> span in µs

ROOT_URLCONF = "gatekeeper.urls"
WSGI_APPLICATION = "gatekeeper.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gatekeeper.web.page",
            ],
            "builtins": ["gatekeeper.accounts.templatetags.gatekeeper"],
        },
    },
]
FORM_RENDERER = "gatekeeper.web.FormRenderer"

# Three roles on one database: the application can neither change evidence nor delete; the owner migrates; the sealer
# alone writes the Merkle tree. integrity.md section 2.
_HEALTHY = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
DATABASES = {
    "default": env.database("DATABASE_URL", "postgresql://gk_app@127.0.0.1:5432/gatekeeper") | _HEALTHY,
    "owner": env.database("DATABASE_OWNER_URL", "postgresql://gk_owner@127.0.0.1:5432/gatekeeper"),
    "sealer": env.database("DATABASE_SEALER_URL", "postgresql://gk_sealer@127.0.0.1:5432/gatekeeper"),
}
for _alias in ("owner", "sealer"):
    DATABASES[_alias]["TEST"] = {"MIRROR": "default"}
# One idle writer would hold the sealing horizon: end it.
DATABASES["default"]["OPTIONS"] = {
    "options": "-c idle_in_transaction_session_timeout=10s",
    "prepare_threshold": 3,  # of what gatekeeper.accounts.statements runs; Django's own statements are never prepared
}
DATABASE_ROUTERS = ["gatekeeper.ledger.routing.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.Person"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:log_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:log_in"
# After so many failed log-ins and signings in a row within so many hours the name is locked.
LOCKOUT_FAILURES = 5
LOCKOUT_HOURS = 1
IDLE_LOCK_SECONDS = int(env.text("IDLE_LOCK_SECONDS", "300"))
SERVICE_TOKEN_DAYS = int(env.text("SERVICE_TOKEN_DAYS", "90"))  # no machine's token is good for longer

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not (DEMO or DEBUG)
SESSION_COOKIE_AGE = 12 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_HSTS_SECONDS = 0 if DEMO or DEBUG else 31_536_000
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "manifest-src": [CSP.SELF],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
# The largest file that any door takes: an instrument's, a recipe, a specification (gatekeeper/uploads.py).
UPLOAD_MAX_BYTES = int(env.text("UPLOAD_MAX_BYTES", str(16 * 1024 * 1024)))
FILE_UPLOAD_HANDLERS = [
    "gatekeeper.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# One frame of readings: its size once unpacked, its samples, and how far a skid's clock may be ahead (domain.md 2.2).
READINGS_MAX_BYTES = int(env.text("READINGS_MAX_BYTES", str(16 * 1024 * 1024)))
READINGS_MAX_SAMPLES = int(env.text("READINGS_MAX_SAMPLES", "200000"))
READINGS_MAX_FRAMES = int(env.text("READINGS_MAX_FRAMES", "100"))  # in one POST
# So long the newest readings stay open for late ones; a later one is judged too, but has the whole phase read again.
DETECTION_LATENESS_SECONDS = env.text("DETECTION_LATENESS_SECONDS", "5")
READINGS_FUTURE_TOLERANCE_SECONDS = int(env.text("READINGS_FUTURE_TOLERANCE_SECONDS", "60"))
# Beyond it a reading is refused, before it is kept in quarantine: no clock is a day ahead, a broken sender is.
READINGS_FUTURE_REFUSED_SECONDS = int(env.text("READINGS_FUTURE_REFUSED_SECONDS", "86400"))
READINGS_OFFSET_MAX_SECONDS = int(env.text("READINGS_OFFSET_MAX_SECONDS", "86400"))  # of a corrected clock
# So long after its end a month is cold: its readings may go to files (manage.py archive_readings).
READINGS_ARCHIVE_AFTER_DAYS = int(env.text("READINGS_ARCHIVE_AFTER_DAYS", "180"))

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ja", "日本語"), ("ko", "한국어"), ("zh-hans", "简体中文"), ("th", "ไทย")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},  # a dead Redis holds a request up for a moment
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "general"
# Detection has one queue, or so many partitions by source (detection.0, detection.1 …), each for its workers.
QUEUE_PARTS = {"detection": int(env.text("DETECTION_QUEUES", "1"))}
_DETECTION = "detection" if QUEUE_PARTS["detection"] == 1 else "detection.0"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "run-due-general": {"task": "gatekeeper.jobs.tasks.run_due", "schedule": 10.0},
    "run-due-detection": {
        "task": "gatekeeper.jobs.tasks.run_due",
        "schedule": 10.0,
        "args": ("detection",),
        "options": {"queue": _DETECTION},
    },
}
CELERY_TIMEZONE = "UTC"
# What happens after a commit, by the kind of its job: see gatekeeper/jobs/kinds.py.
JOBS = {
    "readings_recorded": {
        "handler": "batches.excursions.tasks.judge_frames",
        "queue": "detection",
        "batched": True,
    },
    "clock_corrected": {"handler": "batches.excursions.tasks.judge_corrected", "queue": "detection"},
    "phase_ended": {"handler": "batches.excursions.tasks.judge_phase", "queue": "detection"},
    "replay_started": {"handler": "batches.excursions.tasks.replay_phase"},
    "readings_judged": {"handler": "batches.readings.tasks.make_envelopes", "batched": True, "urgent": False},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "gatekeeper.accounts.authentication.ServiceTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["gatekeeper.accounts.permissions.DeclaredPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["gatekeeper.parsers.JsonParser"],
    "EXCEPTION_HANDLER": "gatekeeper.api.problem",
    "DEFAULT_PAGINATION_CLASS": "gatekeeper.pagination.ByCursor",
    "DEFAULT_SCHEMA_CLASS": "gatekeeper.openapi.Operations",
    "COERCE_DECIMAL_TO_STRING": True,
    "DEFAULT_VERSIONING_CLASS": None,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gatekeeper",
    "DESCRIPTION": "Vector batch records and lot release.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gatekeeper.openapi.with_problem_details",
    ],
    "ENUM_NAME_OVERRIDES": {
        "PersonKind": "gatekeeper.accounts.models.Person.Kind",
        "LotStatus": "gatekeeper.lots.models.Lot.Status",
        "VersionStatus": "gatekeeper.documents.models.Document.Status",
        "RuleState": ["normal", "alert", "unknown", "action"],
    },
}

# The demonstration replays days of manufacture in a minute: its clock is the only one that may differ from the
# database's, and only while GATEKEEPER_DEMO is set (a system check refuses it elsewhere).
CLOCK = "gatekeeper.demo.clock.simulated" if DEMO else "gatekeeper.accounts.clock.database"
DEMO_DIR = Path(env.text("GATEKEEPER_DEMO_DIR", str(BASE_DIR / ".demo")))

# Evidence: the sealing key is a file that only the sealer process can read.
LEDGER_ORIGIN = env.text("LEDGER_ORIGIN", "gatekeeper.example/ledger")
LEDGER_KEY_FILE = env.path("LEDGER_KEY_FILE")
LEDGER_PUBLIC_KEY_FILE = env.path("LEDGER_PUBLIC_KEY_FILE")
LEDGER_CHECKPOINT_DIR = Path(env.text("LEDGER_CHECKPOINT_DIR", str(BASE_DIR / ".demo" / "checkpoints")))
LEDGER_SEAL_WAIT_SECONDS = float(env.text("LEDGER_SEAL_WAIT_SECONDS", "10"))

SIMPLE_HISTORY_REVERT_DISABLED = True
SILENCED_SYSTEM_CHECKS = ["auth.E003"]  # the name is unique without regard to case: person_username_unique_for_ever

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
