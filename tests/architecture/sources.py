"""The product's files, and the order in which its apps stand above each other."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# Each app may know those before it.
APPS = ("accounts", "marketplaces", "orders", "inbox", "cases", "reports", "helpdesk")
PRODUCT = (*APPS, "simulator")
TEMPLATES = ROOT / "templates"


def python_files(*folders: str) -> list[Path]:
    """Every Python file of these folders, migrations included."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def text_of(path: Path) -> str:
    """What stands in a file."""
    return path.read_text(encoding="utf-8")


def relative(path: Path) -> str:
    """A file's name as people say it."""
    return path.relative_to(ROOT).as_posix()


def strings_in(path: Path) -> Iterator[str]:
    """Every string literal of a Python file."""
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def template_files() -> dict[str, str]:
    """Every template's text by the name it is rendered under."""
    paths = TEMPLATES.rglob("*.*")
    return {path.relative_to(TEMPLATES).as_posix(): text_of(path) for path in paths if path.is_file()}
