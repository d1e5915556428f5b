"""All settings in one file; what an operator may change comes from the environment (docs/settings.md)."""

import secrets
from pathlib import Path
from typing import Any

from helpdesk.database_urls import DatabaseUrl
from helpdesk.env import env_bool, env_choice, env_int, env_list, env_str
from helpdesk.logs import configure_logging
from helpdesk.mail_urls import MailUrl
from helpdesk.static_cache import add_headers

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env_str("HELPDESK_DATA_DIR", str(BASE_DIR / "var" / "data")))


def secret_from_file(name: str) -> str:
    """A secret the operator did not give: made once, kept in a file only this user can read."""
    path = DATA_DIR / "secrets" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_hex(32), encoding="ascii")
        try:
            # A hard link fails where a sibling process was quicker, so that both go on with one secret.
            path.hardlink_to(fresh)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()


DEBUG = env_bool("HELPDESK_DEBUG", False)
SECRET_KEY = env_str("HELPDESK_SECRET_KEY") or secret_from_file("secret_key")
ALLOWED_HOSTS = env_list("HELPDESK_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("HELPDESK_ORIGINS")
SERVED_BY_TLS = env_bool("HELPDESK_TLS", False)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "accounts",
    "marketplaces",
    "orders",
    "inbox",
    "cases",
    "reports",
    "helpdesk",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.TenantMiddleware",
]

ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "helpdesk.jinja.environment",
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
    {
        # Only Django's and allauth's own form widgets; every page of ours is Jinja2.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database: which login a process uses is decided by its role --------------------------------------
DB_ROLE = env_choice("HELPDESK_DB_ROLE", ("app", "migrate"), "app")
UNSET_DATABASE = "postgresql://hd_app@/helpdesk"
APP_URL = DatabaseUrl.parse(env_str("DATABASE_APP_URL", UNSET_DATABASE), "DATABASE_APP_URL")
MIGRATE_URL = DatabaseUrl.parse(env_str("DATABASE_MIGRATE_URL", UNSET_DATABASE), "DATABASE_MIGRATE_URL")
SWEEP_URL = DatabaseUrl.parse(env_str("DATABASE_SWEEP_URL", UNSET_DATABASE), "DATABASE_SWEEP_URL")

CONNECTION: dict[str, Any] = {"CONN_HEALTH_CHECKS": True, "DISABLE_SERVER_SIDE_CURSORS": True}
APP_OPTIONS: dict[str, Any] = {"connect_timeout": 5}
if env_bool("HELPDESK_DB_POOL", False):
    # A web worker has one thread; a pool opened per process keeps its connection between requests.
    APP_OPTIONS["pool"] = {"min_size": 1, "max_size": 2, "timeout": 5}
else:
    CONNECTION["CONN_MAX_AGE"] = None

DATABASES: dict[str, dict[str, Any]] = {
    "default": APP_URL.django(OPTIONS=APP_OPTIONS, **CONNECTION)
    if DB_ROLE == "app"
    else MIGRATE_URL.django(OPTIONS={"assume_role": "hd_owner"}),
}
if DB_ROLE == "app":
    DATABASES["sweep"] = SWEEP_URL.django(
        OPTIONS={"connect_timeout": 5}, CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True
    )
DATABASE_ROUTERS = ["accounts.tenancy.OneDatabaseRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rate limits of the login live in the database: a flushed broker must not unlock anybody.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "accounts_rate_limit"}
}

# --- People ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.adapter.ClosedSignupAdapter"
ACCOUNT_SESSION_REMEMBER = True
# Behind a proxy the address that counts is the one it has seen; without this all people would share one.
ALLAUTH_TRUSTED_PROXY_COUNT = env_int("HELPDESK_PROXIES", 0)
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,10/5m/key"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/login/"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# --- Browser --------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
if SERVED_BY_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_ADD_HEADERS_FUNCTION = add_headers
MEDIA_ROOT = DATA_DIR / "files"
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 2**20

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Mail of the helpdesk's own: invitations and alarms; without a server it waits ------------------------
MAIL_URL = MailUrl.parse(env_str("HELPDESK_SMTP_URL"), "HELPDESK_SMTP_URL")
EMAIL_HOST, EMAIL_PORT = MAIL_URL.host, MAIL_URL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_URL.user, MAIL_URL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL_URL.scheme == "smtp+starttls", MAIL_URL.scheme == "smtps"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env_str("HELPDESK_MAIL_FROM", "helpdesk@localhost")
# Where people reach us, for links in mails.
PUBLIC_URL = env_str("HELPDESK_URL", "http://localhost:8000").rstrip("/")

# --- Broker and the rhythm of the workers ---------------------------------------------------------------
REDIS_URL = env_str("REDIS_URL", "redis://localhost:6379/0")
MAIL_POLL_SECONDS = env_int("HELPDESK_MAIL_POLL_SECONDS", 60)
API_POLL_SECONDS = env_int("HELPDESK_API_POLL_SECONDS", 300)
# How much history is fetched at a time in the whole installation; fewer than worker processes, so that what
# arrives never waits for it.
BACKFILLS_AT_ONCE = env_int("HELPDESK_BACKFILLS_AT_ONCE", 1)
SWEEP_SECONDS = env_int("HELPDESK_SWEEP_SECONDS", 1)
# Whether pages look by themselves while no live stream tells them what has changed.
POLL_FALLBACK = env_bool("HELPDESK_POLL_FALLBACK", True)
LIST_ROWS = env_int("HELPDESK_LIST_ROWS", 50)
UNDO_SECONDS = env_int("HELPDESK_UNDO_SECONDS", 10)
# A mailbox or webhook host a tenant names must be public; only the operator may open private ranges.
ALLOW_PRIVATE_HOSTS = env_bool("HELPDESK_ALLOW_PRIVATE_HOSTS", False)
# 64 hex digits; whoever loses it must enter every seller account's passwords again.
CREDENTIAL_KEY = env_str("HELPDESK_CREDENTIAL_KEY") or secret_from_file("credential_key")
MESSAGE_ID_DOMAIN = env_str("HELPDESK_MESSAGE_ID_DOMAIN", "helpdesk.invalid")
# Where each marketplace's API answers; the operator's data, because a tenant who could name a host
# could have credentials sent anywhere.
MARKETPLACE_API_HOSTS = {
    "walmart:us": env_str("HELPDESK_WALMART_US_HOST", "https://marketplace.walmartapis.com"),
    "walmart:ca": env_str("HELPDESK_WALMART_CA_HOST", "https://marketplace.walmartapis.com"),
    "amazon:na": env_str("HELPDESK_AMAZON_NA_HOST", "https://sellingpartnerapi-na.amazon.com"),
    "amazon:eu": env_str("HELPDESK_AMAZON_EU_HOST", "https://sellingpartnerapi-eu.amazon.com"),
    "amazon:fe": env_str("HELPDESK_AMAZON_FE_HOST", "https://sellingpartnerapi-fe.amazon.com"),
    "amazon:login": env_str("HELPDESK_AMAZON_LOGIN_HOST", "https://api.amazon.com"),
}
# Where Amazon asks a seller whether an application may come in.
AMAZON_CONSENT_HOSTS = {
    "amazon:na": env_str("HELPDESK_AMAZON_NA_CONSENT_HOST", "https://sellercentral.amazon.com"),
    "amazon:eu": env_str("HELPDESK_AMAZON_EU_CONSENT_HOST", "https://sellercentral-europe.amazon.com"),
    "amazon:fe": env_str("HELPDESK_AMAZON_FE_CONSENT_HOST", "https://sellercentral.amazon.co.jp"),
}
# The application the operator has registered with Amazon; without it every seller account brings its own.
AMAZON_APP = {
    "application_id": env_str("HELPDESK_AMAZON_APPLICATION_ID"),
    "lwa_client_id": env_str("HELPDESK_AMAZON_CLIENT_ID"),
    "lwa_client_secret": env_str("HELPDESK_AMAZON_CLIENT_SECRET"),
}
# Mailboxes opened by consent; a provider is offered once the operator has registered there.
MAIL_PROVIDERS = {
    "google": {
        "client_id": env_str("HELPDESK_GOOGLE_CLIENT_ID"),
        "client_secret": env_str("HELPDESK_GOOGLE_CLIENT_SECRET"),
        "consent_url": env_str("HELPDESK_GOOGLE_CONSENT_URL", "https://accounts.google.com/o/oauth2/v2/auth"),
        "token_url": env_str("HELPDESK_GOOGLE_TOKEN_URL", "https://oauth2.googleapis.com/token"),
        "scope": "https://mail.google.com/",
        "imap": env_str("HELPDESK_GOOGLE_IMAP", "imap.gmail.com:993:tls"),
        "smtp": env_str("HELPDESK_GOOGLE_SMTP", "smtp.gmail.com:465:tls"),
        # Without these Google gives a refresh token only the first time.
        "asked": {"access_type": "offline", "prompt": "consent"},
    },
    "microsoft": {
        "client_id": env_str("HELPDESK_MICROSOFT_CLIENT_ID"),
        "client_secret": env_str("HELPDESK_MICROSOFT_CLIENT_SECRET"),
        "consent_url": env_str(
            "HELPDESK_MICROSOFT_CONSENT_URL",
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        ),
        "token_url": env_str(
            "HELPDESK_MICROSOFT_TOKEN_URL", "https://login.microsoftonline.com/common/oauth2/v2.0/token"
        ),
        "scope": (
            "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send"
            " offline_access"
        ),
        "imap": env_str("HELPDESK_MICROSOFT_IMAP", "outlook.office365.com:993:tls"),
        "smtp": env_str("HELPDESK_MICROSOFT_SMTP", "smtp.office365.com:587:starttls"),
        "asked": {},
    },
}
# Whose pictures and reports are fetched: hosts that end in one of these, and the API's own.
PICTURE_HOSTS = {
    "walmart": env_list("HELPDESK_WALMART_PICTURE_HOSTS", "walmartimages.com"),
    "amazon": env_list(
        "HELPDESK_AMAZON_PICTURE_HOSTS", "media-amazon.com,images-amazon.com,ssl-images-amazon.com"
    ),
}
AMAZON_REPORT_HOSTS = env_list("HELPDESK_AMAZON_REPORT_HOSTS", "amazonaws.com,cloudfront.net")

configure_logging(env_str("HELPDESK_LOG_LEVEL", "INFO"))
LOGGING_CONFIG = None
