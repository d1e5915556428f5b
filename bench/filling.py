"""Two tenants with people, seller accounts and so many conversations, by COPY, in an empty database."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import psycopg
from django.apps import apps
from django.db import models
from psycopg import sql

from accounts.models import Membership, Role, Tenant
from accounts.people import NewPerson, add_member, make_tenant
from accounts.tenancy import tenant_tx
from bench import rows
from inbox import policies
from marketplaces.models import MailSecurity, SellerAccount

PASSWORD = "bench bench bench"  # noqa: S105 - of a database that lives as long as the run
SLUG, EMAIL = "bench", "agent@bench.example"
MARKETS = (
    ("US lamps", "walmart-us"),
    ("DE lamps", "amazon-de"),
    ("US tables", "amazon-us"),
    ("CA", "walmart-ca"),
)
PEOPLE = ("Agent Archer", "Lena Lang", "Ada Adams", "Omar Okafor")
RELAYS = {"walmart": "relay.walmart.com", "amazon": "marketplace.amazon.com"}


def fill(superuser: str, *, conversations: int, messages: int) -> None:
    """Make the big tenant "bench" and a tenth of it once more for "neighbour", then ANALYZE."""
    now = rows.moment_now()
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        first = 0
        for slug, count in ((SLUG, conversations), ("neighbour", max(1, conversations // 10))):
            plan = _plan(slug, count, messages, first=first, now=now)
            _without_key_checks(connection, "DISABLE")
            _copy(connection, rows.items(plan), now)
            for lines in rows.chunks(plan):
                _copy(connection, lines, now)
            _without_key_checks(connection, "ENABLE")
            connection.execute(
                "INSERT INTO inbox_conversationnumber (tenant_id, last) VALUES (%s, %s)",
                [plan.tenant_id, count],
            )
            first += count * max(messages, 3) + len(plan.accounts) * rows.SKUS
        for label in rows.COLUMNS:
            table = sql.Identifier(apps.get_model(label)._meta.db_table)
            connection.execute(
                sql.SQL("SELECT setval(pg_get_serial_sequence({}, 'id'), (SELECT max(id) FROM {}))").format(
                    sql.Literal(apps.get_model(label)._meta.db_table), table
                )
            )
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _plan(slug: str, conversations: int, messages: int, *, first: int, now: datetime) -> rows.Plan:
    tenant = make_tenant(slug=slug, name=slug.title(), time_zone="Europe/Berlin")
    members = tuple(_member(tenant, name).pk for name in PEOPLE)
    with tenant_tx(tenant.pk):
        policies.seed(tenant)
        accounts = tuple(_account(tenant, name, market, now) for name, market in MARKETS)
    return rows.Plan(tenant.pk, conversations, messages, accounts, members, first, now)


def _member(tenant: Tenant, name: str) -> Membership:
    first = name.split()[0].lower()
    return add_member(tenant, NewPerson(f"{first}@{tenant.slug}.example", name, PASSWORD), Role.AGENT)


def _account(tenant: Tenant, name: str, market: str, now: datetime) -> rows.Account:
    address = f"care.{market}@{tenant.slug}.example"
    account = SellerAccount.objects.create(
        tenant=tenant,
        name=name,
        market=market,
        sender_address=address,
        imap_host="localhost",
        imap_user=address,
        imap_security=MailSecurity.PLAIN,
        smtp_host="localhost",
        smtp_user=address,
        smtp_security=MailSecurity.PLAIN,
        authserv_id=f"mx.{tenant.slug}.example",
        clocks_from=now - rows.YEARS,
        health_since=now,
        last_ok_at=now,
    )
    facts = account.facts
    rule = f"{facts.name} {facts.reply_hours} h"
    domain = RELAYS[account.marketplace]
    return rows.Account(account.pk, account.marketplace, facts.reply_hours, rule, address, domain)


def _without_key_checks(connection: psycopg.Connection[Any], what: str) -> None:
    # The rows fit together by construction; a key check for each of them would take most of the time.
    for label in rows.COLUMNS:
        table = sql.Identifier(apps.get_model(label)._meta.db_table)
        connection.execute(sql.SQL("ALTER TABLE {} {} TRIGGER ALL").format(table, sql.SQL(what)))
        if what == "DISABLE":
            connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table))


def _copy(connection: psycopg.Connection[Any], lines: rows.Lines, now: datetime) -> None:
    for label, named in rows.COLUMNS.items():
        if lines.get(label):
            model = apps.get_model(label)
            given = named.split()
            rest = _defaults(model, given, now)
            columns = sql.SQL(", ").join(sql.Identifier(name) for name in (*given, *rest))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
                sql.Identifier(model._meta.db_table), columns
            )
            tail = "".join(f"\t{value}" for value in rest.values())
            with connection.cursor().copy(statement) as copy:
                copy.write("".join(_with_tail(lines[label], tail)))


def _with_tail(lines: Iterable[str], tail: str) -> Iterable[str]:
    return (f"{line[:-1]}{tail}\n" for line in lines)


def _defaults(model: type[models.Model], given: list[str], now: datetime) -> dict[str, str]:
    """What the other columns hold in a new row, by the model."""
    found: dict[str, str] = {}
    for field in model._meta.concrete_fields:
        if field.column is None or field.column in given or field.null or field.generated:
            continue
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            found[field.column] = now.isoformat()
        elif field.has_default():
            value = field.get_default()
            shown = json.dumps(value) if isinstance(value, list | dict | bool) else str(value)
            found[field.column] = shown
        else:
            raise LookupError(f"bench/rows.py does not say what {model.__name__}.{field.name} holds")
    return found
