"""Turn postgresql:// URLs into Django's settings and back."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from helpdesk.env import BadSetting


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """One login to one PostgreSQL database; host may be a Unix socket folder."""

    user: str
    password: str
    host: str
    port: str
    name: str
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str, setting: str = "DATABASE_URL") -> "DatabaseUrl":
        """Read postgresql://user:password@host:port/name or ...?host=/socket/folder."""
        parts = urlsplit(url)
        if parts.scheme not in ("postgresql", "postgres"):
            raise BadSetting(f"{setting}: must begin with postgresql://")
        name = unquote(parts.path.lstrip("/"))
        if not name:
            raise BadSetting(f"{setting}: names no database")
        options = dict(parse_qsl(parts.query))
        try:
            port = str(parts.port or options.pop("port", ""))
        except ValueError as error:
            raise BadSetting(f"{setting}: the port is not a number") from error
        host = options.pop("host", "") or unquote(parts.hostname or "")
        return cls(
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            host=host,
            port=port,
            name=name,
            options=tuple(sorted(options.items())),
        )

    def __str__(self) -> str:
        """The URL again; it holds the password, so it is for config files and not for logs."""
        login = quote(self.user, safe="") + (f":{quote(self.password, safe='')}" if self.password else "")
        query = dict(self.options)
        socket = self.host.startswith("/")
        if socket:
            query["host"] = self.host
        host = f"[{self.host}]" if ":" in self.host else self.host  # IPv6
        where = "" if socket else host + (f":{self.port}" if self.port else "")
        if socket and self.port:
            query["port"] = self.port
        return f"postgresql://{login}@{where}/{quote(self.name, safe='')}" + (
            f"?{urlencode(query, quote_via=quote)}" if query else ""
        )

    def __repr__(self) -> str:
        return f"DatabaseUrl(user={self.user!r}, host={self.host!r}, name={self.name!r})"

    def with_login(self, user: str, password: str = "") -> "DatabaseUrl":
        """The same database for another login."""
        return replace(self, user=user, password=password)

    def with_name(self, name: str) -> "DatabaseUrl":
        """The same login for another database."""
        return replace(self, name=name)

    def django(self, **extra: Any) -> dict[str, Any]:
        """The entry for Django's DATABASES; what the URL asks of libpq (sslmode) goes into OPTIONS."""
        options = {**dict(self.options), **extra.pop("OPTIONS", {})}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": self.name,
            "USER": self.user,
            "PASSWORD": self.password,
            "HOST": self.host,
            "PORT": self.port,
            "OPTIONS": options,
            **extra,
        }
