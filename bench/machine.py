"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psycopg

from helpdesk.database_urls import DatabaseUrl

PACKAGES = ("Django", "psycopg", "granian", "Jinja2")


def machine(superuser: DatabaseUrl) -> dict[str, str]:
    """Cores, memory, load and versions, in words."""
    with psycopg.connect(str(superuser), autocommit=True) as connection:
        settings = {
            name: str(connection.execute("SELECT current_setting(%s)", [name]).fetchone() or "").strip("(),'")
            for name in ("server_version", "shared_buffers", "fsync", "synchronous_commit")
        }
    return {
        "machine": f"{os.cpu_count()} cores ({_processor()}), {_memory()}, {platform.system()}",
        "load": "load average at the start {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()),
        "python": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "database": f"PostgreSQL {settings.pop('server_version')}, "
        + ", ".join(f"{name} {value}" for name, value in settings.items()),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown")


def _memory() -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{pages * size / 2**30:.0f} GB"
