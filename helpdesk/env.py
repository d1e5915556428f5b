"""Read settings from the environment and fail loudly on a bad value."""

import os
from pathlib import Path


class BadSetting(SystemExit):
    """The operator gave a value that cannot be meant; the message is one line to act on."""


def env_str(name: str, default: str = "") -> str:
    """The text of NAME, or of the file named by NAME_FILE, or the default."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE: cannot read {file}: {error.strerror}") from error
    return os.environ.get(name, default)


def env_int(name: str, default: int) -> int:
    """NAME as a whole number."""
    value = env_str(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError as error:
        raise BadSetting(f"{name}: {value!r} is not a whole number") from error


def env_bool(name: str, default: bool) -> bool:
    """NAME as true or false."""
    value = env_str(name).lower()
    if not value:
        return default
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise BadSetting(f"{name}: {value!r} is neither true nor false")


def env_list(name: str, default: str = "") -> list[str]:
    """NAME as a list, separated by commas."""
    return [part.strip() for part in env_str(name, default).split(",") if part.strip()]


def env_choice(name: str, choices: tuple[str, ...], default: str) -> str:
    """NAME as one of the choices."""
    value = env_str(name, default)
    if value not in choices:
        raise BadSetting(f"{name}: {value!r} is not one of {', '.join(choices)}")
    return value
