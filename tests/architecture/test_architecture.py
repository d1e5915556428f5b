"""What the import linter cannot see: dependencies written as strings, and doors that few files may use."""

import ast
import re
from functools import cache

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.db.migrations.loader import MigrationLoader

from helpdesk.celery import app as celery
from tests.architecture.sources import APPS, PRODUCT, ROOT, python_files, relative, strings_in, text_of

RANK = {app: rank for rank, app in enumerate(APPS)}
VAGUE_NAMES = {"services", "utils", "helpers", "common", "core", "misc", "lib", "base"}
# Ways around django-scopes or into all tenants' rows, and the only files that may go them. The lists may
# only shrink: a new entry is a question to whoever keeps tenants apart.
DOORS: dict[str, set[str]] = {
    r"\bscopes_disabled\b|with_scopes_disabled": set(),
    r"\b_base_manager\b|\bbase_manager_name\b": set(),
    r"\.raw\(|\bRawSQL\b|\.extra\(": set(),
    r"\bignore_conflicts\b": set(),
    r"\bconnections\[": {
        "accounts/checks.py",
        "accounts/mails.py",
        "cases/tasks.py",
        "inbox/tasks.py",
        "marketplaces/outbox.py",
        "marketplaces/tasks.py",
        "orders/tasks.py",
    },
    r"\.using\(|\busing=": set(),
    r"\bset_config\b|\bSET ROLE\b|\brow_security\b": {"accounts/tenancy.py"},
    # A cursor of our own passes django-scopes by; row level security still holds it.
    r"\.cursor\(\)": {
        "accounts/checks.py",
        "accounts/mails.py",
        "accounts/tenancy.py",
        "cases/tasks.py",
        "inbox/desk.py",
        "inbox/rail.py",
        "inbox/searching.py",
        "inbox/tasks.py",
        "marketplaces/outbox.py",
        "marketplaces/tasks.py",
        "orders/account_lock.py",
        "orders/tasks.py",
        "reports/rows.py",
    },
    r"\bdb_constraint\b": {"accounts/tenancy.py"},
    r"models\.(Manager|QuerySet)\(|from_queryset": set(),
}
TASK_NAME = re.compile(r"[a-z_]+\.tasks\.[a-z_]+")


def test_foreign_keys_point_down_only() -> None:
    for model in apps.get_models():
        app = model._meta.app_label
        for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
            target = field.related_model
            if app in RANK and field.is_relation and not isinstance(target, str) and target is not None:
                other = target._meta.app_label
                assert RANK.get(other, -1) <= RANK[app], f"{model.__name__}.{field.name} points up to {other}"


def test_migrations_depend_downwards_only() -> None:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in RANK:
            for other, _ in migration.dependencies:
                assert RANK.get(other, -1) <= RANK[app], f"{app} {name} waits for {other}"


def test_every_task_that_is_named_by_a_string_exists() -> None:
    celery.loader.import_default_modules()
    named = [
        (relative(path), string)
        for path in python_files(*PRODUCT)
        for string in strings_in(path)
        if TASK_NAME.fullmatch(string)
    ]
    scheduled = {entry["task"] for entry in celery.conf.beat_schedule.values()}
    routed = set(celery.conf.task_routes)
    assert scheduled | routed <= {string for _, string in named}
    assert [each for each in named if each[1] not in celery.tasks] == []


@pytest.mark.parametrize("door", DOORS)
def test_only_listed_files_use_a_door_past_the_tenant(door: str) -> None:
    found = {relative(path) for path in python_files(*APPS) if re.search(door, _code(text_of(path)))}
    # accounts/rls.py and the migrations make the guards themselves; they run as the owner, not as the app.
    made_by = {name for name in found if "/migrations/" in name or name == "accounts/rls.py"}
    assert found - made_by == DOORS[door]


def test_modules_are_named_after_their_use() -> None:
    for path in python_files(*PRODUCT, "tests"):
        assert VAGUE_NAMES.isdisjoint({path.stem, *path.relative_to(ROOT).parts}), relative(path)


def test_every_command_says_what_it_is_for() -> None:
    ours = {name: app for name, app in get_commands().items() if app in RANK}
    assert len(ours) == len(list(ROOT.glob("*/management/commands/[a-z]*.py")))
    for name, app in ours.items():
        assert load_command_class(app, name).help.strip().endswith("."), name


def test_nothing_of_the_product_imports_the_tests() -> None:
    for path in python_files(*PRODUCT):
        for node in ast.walk(ast.parse(text_of(path))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not [name for name in names if name.split(".")[0] in ("tests", "bench")], relative(path)


@cache
def _code(source: str) -> str:
    """A file without its comments and docstrings, which may name a door."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value = ast.Constant("")
    return ast.unparse(tree)
