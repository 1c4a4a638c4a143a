"""Django's settings, all of them derived from the one environment."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from duecourse.config import boot
from duecourse.config.environment import DatabaseLogin, current

ENVIRONMENT = current()
_HTTPS = ENVIRONMENT.is_production

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.is_debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
ROOT_URLCONF = "duecourse.config.urls"
WSGI_APPLICATION = "duecourse.config.wsgi.application"
DUECOURSE_HOME = ENVIRONMENT.home
DUECOURSE_KEYRING = ENVIRONMENT.keyring()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "parties.User"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "procrastinate.contrib.django",
    "duecourse.ledger",
    "duecourse.parties",
    "duecourse.portfolio",
    "duecourse.placement",
    "duecourse.repayment",
    "duecourse.care",
    "duecourse.contact",
    "duecourse.settlement",
    "duecourse.cycle",
    "duecourse.doors",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "duecourse.doors.api.apart.ApiApart",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "duecourse.doors.console.middleware.ActingMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# ── database ─────────────────────────────────────────────────────────────────────────────────────


def _database(login: DatabaseLogin, *, pool_count: int = 0) -> dict[str, Any]:
    options: dict[str, Any] = {"sslmode": login.sslmode} if login.sslmode else {}
    if pool_count:
        options["pool"] = {"min_size": 1, "max_size": pool_count, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": login.host,
        "PORT": login.port,
        "NAME": login.database,
        "USER": login.user,
        "PASSWORD": login.password,
        "OPTIONS": options,
    }


_OWNER = boot.owner_login(ENVIRONMENT)
DATABASES = {"default": _database(boot.app_login(ENVIRONMENT), pool_count=ENVIRONMENT.pool_count)}
if _OWNER:
    DATABASES["owner"] = _database(_OWNER)
DATABASE_ROUTERS = ["duecourse.config.routers.OwnerMigrates"]

# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = ["duecourse.doors.jobs"]

# ── programs ─────────────────────────────────────────────────────────────────────────────────────

DUECOURSE_UPLOAD_BYTES_MAX = ENVIRONMENT.upload_mib << 20
DUECOURSE_LOOPBACK_WEBHOOKS = ENVIRONMENT.allows_loopback_webhooks
API_REQUESTS_PER_SECOND, API_REQUESTS_AT_ONCE = 50, 250

# ── people ───────────────────────────────────────────────────────────────────────────────────────

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if ENVIRONMENT.mode == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTHENTICATION_BACKENDS = ["duecourse.parties.access.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ["email"]}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_NAME = "__Host-session" if _HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if _HTTPS else "csrf"

# ── transport and content ────────────────────────────────────────────────────────────────────────

SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
if ENVIRONMENT.is_behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = ENVIRONMENT.home / "files"

# ── language and time ────────────────────────────────────────────────────────────────────────────

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = ENVIRONMENT.lang
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [boot.project_locale()]

# ── mail and log ─────────────────────────────────────────────────────────────────────────────────

_MAIL = urlsplit(ENVIRONMENT.email_url)
EMAIL_BACKEND = "django.core.mail.backends." + ("smtp" if _MAIL.hostname else "console") + ".EmailBackend"
EMAIL_HOST = _MAIL.hostname or ""
EMAIL_PORT = _MAIL.port or (465 if _MAIL.scheme == "smtps" else 587)
EMAIL_HOST_USER = unquote(_MAIL.username or "")
EMAIL_HOST_PASSWORD = unquote(_MAIL.password or "")
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_USE_TLS = bool(_MAIL.hostname) and not EMAIL_USE_SSL
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.email_from

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
