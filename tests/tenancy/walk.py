"""Every address inside a tenant in one table, and the walk over them that tries to reach a neighbour."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import product
from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.access import PERMISSIONS
from accounts.models import Role
from inbox.queue import VIEWS
from reports.exports import TABLES
from tests.tenancy.neighbours import Neighbours

VERBS = ("GET", "POST", "PUT", "DELETE")
# Outside every tenant: the door itself, invitations and pictures whose address is signed, where webhooks come
# in, and where the companies that ask for consent send people back to.
OUTSIDE = {
    *("home", "account_login", "account_logout", "account_inactive", "invitation", "picture"),
    *("walmart_hook", "consent_amazon", "consent_mailbox"),
}
Body = Callable[[Neighbours], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """One route: what it takes to use it, the ids in its address, and a body that names foreign rows."""

    permission: str
    ids: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    body: Body | None = None


def _empty(_: Neighbours) -> dict[str, str]:
    return {}


def _reply(next_door: Neighbours) -> dict[str, str]:
    return {
        "body": "It is on its way.",
        "client_key": str(next_door.their_reply_key),
        "seen_message_id": str(next_door.theirs["message_id"]),
        "then_close": "0",
    }


def _first(next_door: Neighbours) -> dict[str, str]:
    return {
        "body": "Which colour do you want?",
        "client_key": str(next_door.their_reply_key),
        "reason": "question",
    }


def _policy(next_door: Neighbours) -> dict[str, str]:
    return {
        "marketplace": "walmart",
        "kind": "reply",
        "account": str(next_door.theirs["account_id"]),
        "allowance": "24",
        "told": "leads",
        "reach": "running",
    }


TALK = ("number",)
MESSAGE = ("number", "message_id")
REPLY = ("number", "reply_id")
CASE = ("number", "case_id")
ORDER = ("order_id",)
CHECK = ("check_id",)
TALK_CHECK = ("number", "check_id")
MEMBER = ("member_id",)
ACCOUNT = ("account_id",)
LISTS = tuple(VIEWS)
TABLES_OUT = tuple(TABLES)
# Addresses that both show a form and take it.
SHOWN_TOO = (
    *("tags", "conversation_tags", "assignment", "recognition", "order_writing", "members", "checks"),
    *("cases", "conversation_cases", "case_evidence"),
    *("account_disconnection", "connection_new_walmart", "connection_new_amazon", "connection_start"),
    *("connection_key", "connection_mailbox", "connection_checks", "policies", "policy_hours"),
)
TABLE: dict[str, Row] = {
    "start": Row("belong"),
    "warehouse": Row("answer_checks"),
    "warehouse_rule": Row("manage_policies", body=lambda _: {"allowed": ""}),
    "warehouse_check": Row("answer_checks", CHECK),
    "check_answer": Row("answer_checks", CHECK, body=lambda _: {"answer": "in_stock"}),
    "check_photo": Row("answer_checks", CHECK),
    "checks": Row("converse", TALK, body=lambda _: {"question": "Was it shipped?"}),
    "check_asking": Row("converse", TALK),
    "check_withdrawal": Row("converse", TALK_CHECK, body=_empty),
    "check_reply": Row("converse", TALK_CHECK, body=_empty),
    "check_reply_editing": Row("converse", TALK_CHECK, body=_empty),
    "check_reply_cancellation": Row("converse", TALK_CHECK, body=_empty),
    "queue": Row("converse", views=LISTS),
    "queue_rows": Row("converse", views=LISTS),
    "queue_more": Row("converse", views=LISTS),
    "board": Row("see_board"),
    "board_definitions": Row("see_board"),
    "board_table": Row("see_board", tables=TABLES_OUT),
    "conversation": Row("converse", TALK),
    "timeline": Row("converse", TALK),
    "replies": Row("converse", TALK, body=_reply),
    "reply_undo": Row("converse", REPLY, body=_empty),
    "reply_settlement": Row("converse", REPLY, body=lambda _: {"decision": "discard"}),
    "courtesy": Row("converse", TALK, body=_reply),
    "draft": Row("converse", TALK, body=lambda _: {"body": "Half a sentence"}),
    "draft_cancellation": Row("converse", TALK, body=_empty),
    "presence": Row("converse", TALK, body=lambda _: {"doing": "viewing", "tab": "1"}),
    "conversation_tags": Row("converse", TALK, body=lambda them: {"put": str(them.theirs["tag_id"])}),
    "search": Row("see_orders"),
    "tags": Row("converse", body=lambda _: {"name": "a new word"}),
    "tag": Row("manage_tags", ("tag_id",), body=lambda _: {"name": "another"}),
    "tag_merging": Row("manage_tags", ("tag_id",), body=lambda them: {"into": str(them.theirs["tag_id"])}),
    "tag_removal": Row("manage_tags", ("tag_id",), body=_empty),
    "notes": Row("converse", TALK, body=lambda _: {"body": "For the team."}),
    "assignment": Row("converse", TALK, body=lambda them: {"assignee": str(them.their_member_id)}),
    "closure": Row("converse", TALK, body=_empty),
    "reopening": Row("converse", TALK, body=_empty),
    "settlement": Row(
        "converse",
        TALK,
        body=lambda them: {
            "outcome": "answered_elsewhere",
            "seen_message_id": str(them.theirs["message_id"]),
        },
    ),
    "recognition": Row("converse", TALK, body=lambda _: {"kind": "buyer_message"}),
    "cases": Row(
        "converse", body=lambda them: {"account": str(them.theirs["account_id"]), "type": "escalation"}
    ),
    "conversation_cases": Row("converse", TALK, body=lambda _: {"type": "return_dispute"}),
    "case_stages": Row("converse", CASE, body=lambda _: {"stage": "done"}),
    "case_decision": Row("converse", CASE, body=lambda _: {"outcome": "won", "decided_by": "seller"}),
    "case_closure": Row("converse", CASE, body=_empty),
    "case_evidence": Row("converse", ("case_id",), body=lambda _: {"key": "other", "text": "Weighed"}),
    "case_evidence_file": Row("converse", ("case_id", "evidence_id")),
    "case_evidence_removal": Row("converse", ("case_id", "evidence_id"), body=_empty),
    "case_packs": Row("converse", ("case_id",), body=_empty),
    "case_pack": Row("converse", ("case_id", "pack_id")),
    "message_body": Row("converse", MESSAGE),
    "message_source": Row("converse", MESSAGE),
    "message_raw": Row("converse", MESSAGE),
    "message_sample": Row("converse", MESSAGE),
    "attachment": Row("converse", ("file_id",)),
    "accounts": Row("see_accounts"),
    "orders": Row("see_orders"),
    "order": Row("see_orders", ORDER),
    "order_card": Row("see_orders", ORDER),
    "order_refresh": Row("converse", ORDER, body=_empty),
    "order_writing": Row("converse", ORDER, body=_first),
    "item_picture": Row("see_orders", ("item_id",)),
    "buyer": Row("converse", ("buyer_id",)),
    "account": Row("see_accounts", ACCOUNT),
    "account_history": Row("see_accounts", ACCOUNT),
    "account_check": Row("manage_accounts", ACCOUNT, body=_empty),
    "account_pause": Row("manage_accounts", ACCOUNT, body=_empty),
    "account_resumption": Row("manage_accounts", ACCOUNT, body=_empty),
    "account_comparison": Row("manage_accounts", ACCOUNT, body=_empty),
    "account_names": Row("manage_accounts", ACCOUNT, body=lambda _: {"wanted": "1"}),
    "account_refetching": Row("manage_accounts", ACCOUNT, body=lambda _: {"since": "2026-01-01"}),
    "account_history_stop": Row("manage_accounts", (*ACCOUNT, "backfill_id"), body=_empty),
    "account_disconnection": Row("manage_accounts", ACCOUNT, body=_empty),
    "connection_new_walmart": Row("manage_accounts", body=_empty),
    "connection_new_amazon": Row("manage_accounts", body=_empty),
    "connection_start": Row("manage_accounts", ACCOUNT, body=_empty),
    "connection_key": Row("manage_accounts", ACCOUNT, body=_empty),
    "connection_mailbox": Row("manage_accounts", ACCOUNT, body=_empty),
    "connection_checks": Row("manage_accounts", ACCOUNT, body=_empty),
    "connection_switches": Row("manage_accounts", ACCOUNT, body=_empty),
    "connection_completion": Row("manage_accounts", ACCOUNT, body=_empty),
    "connection_cancellation": Row("manage_accounts", ACCOUNT, body=_empty),
    "connection_consent_key": Row("manage_accounts", ACCOUNT),
    "connection_consent_mailbox": Row("manage_accounts", ACCOUNT),
    "policies": Row("manage_policies", body=_policy),
    "policy_form": Row("manage_policies"),
    "policy_preview": Row("manage_policies", body=_policy),
    "policy_withdrawal": Row("manage_policies", body=_policy),
    "policy_hours": Row("manage_policies", body=lambda _: {"zone": "UTC", "day0": "09:00-17:00"}),
    "policy_hours_preview": Row("manage_policies", body=lambda _: {"zone": "UTC", "day0": "09:00-17:00"}),
    "policy_progress": Row("manage_policies"),
    "warnings": Row("converse"),
    "warnings_seen": Row("converse", body=_empty),
    "members": Row("manage_members", body=lambda _: {"email": "", "role": "agent"}),
    "member_role": Row("manage_members", MEMBER, body=lambda _: {"role": "agent"}),
    "member_accounts": Row("manage_members", MEMBER, body=lambda _: {"sees": "all"}),
    "member_deactivation": Row("manage_members", MEMBER, body=_empty),
    "member_reactivation": Row("manage_members", MEMBER, body=_empty),
    "invitation_sending": Row("manage_members", ("invitation_id",), body=_empty),
    "invitation_withdrawal": Row("manage_members", ("invitation_id",), body=_empty),
}


@dataclass(frozen=True, slots=True)
class Route:
    """A route as the URL resolver has it."""

    path: str
    pattern: URLPattern

    @property
    def name(self) -> str:
        """Its name; "" where it has none."""
        return self.pattern.name or ""


def routes(within: URLResolver | None = None, path: str = "") -> Iterator[Route]:
    """Every route of the helpdesk."""
    for pattern in (within or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path + str(pattern.pattern))
        else:
            yield Route(path + str(pattern.pattern), pattern)


def addresses(name: str, slug: str, ids: dict[str, int]) -> list[str]:
    """The addresses of a route with these ids; several where it serves several lists."""
    row = TABLE[name]
    given: dict[str, Any] = {"slug": slug, **{key: ids[key] for key in row.ids}}
    if row.tables:
        return [reverse(name, kwargs={**given, "table": table}) for table in row.tables]
    if not row.views:
        return [reverse(name, kwargs=given)]
    return [reverse(name, kwargs={**given, "view": view}) for view in row.views]


def mixtures(name: str, next_door: Neighbours) -> list[dict[str, int]]:
    """Every way to put at least one foreign id into a route's address."""
    keys = TABLE[name].ids
    mixed = [
        {key: side[key] for key, side in zip(keys, sides, strict=True)}
        for sides in product((next_door.ours, next_door.theirs), repeat=len(keys))
    ]
    return mixed[1:]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser got: the status, and every byte of it, headers and cookies included."""

    status: int
    content: bytes
    everything: bytes


def ask(client: Client, verb: str, path: str, body: dict[str, str] | None = None, **more: Any) -> Answer:
    """One request; with a body it is sent as a form."""
    if verb == "POST":
        response: Any = client.post(path, body or {}, **more)
    else:
        response = client.generic(verb, path, **more)
    content = response.getvalue()
    response.close()
    headers = "\n".join(f"{key}: {value}" for key, value in response.items())
    cookies = response.cookies.output()
    return Answer(response.status_code, content, f"{headers}\n{cookies}\n".encode() + content)


def every_request(paths_of: Callable[[str], list[str]]) -> Iterator[tuple[str, str, str]]:
    """(route, verb, path) for every verb."""
    for name in TABLE:
        for path, verb in product(paths_of(name), VERBS):
            yield name, verb, path


def faults_with_foreign_ids(client: Client, next_door: Neighbours) -> list[str]:
    """Ask acme for globex's rows, in every mixture and by every verb; a line for each wrong answer."""

    def paths_of(name: str) -> list[str]:
        return [path for ids in mixtures(name, next_door) for path in addresses(name, "acme", ids)]

    return _faults(client, next_door, paths_of)


def faults_at_their_address(client: Client, next_door: Neighbours) -> list[str]:
    """Ask globex itself, by every address and verb; a line for each answer that is not "nothing here"."""
    return _faults(client, next_door, lambda name: addresses(name, "globex", next_door.theirs))


def faults_on_own_pages(client: Client, next_door: Neighbours) -> list[str]:
    """Ask for acme's own pages, with foreign ids in queries and bodies; a line for each canary heard."""
    found = []
    query = {
        "edit": str(next_door.theirs["reply_id"]),
        "view": "all",
        "tag": str(next_door.theirs["tag_id"]),
        "account": str(next_door.theirs["account_id"]),
        "assignee": str(next_door.their_member_id),
        "due": "8h",
        "mark": "x",
        "moving": "1",
    }
    for name, row in TABLE.items():
        for path in addresses(name, "acme", next_door.ours):
            answers = [ask(client, "GET", path, QUERY_STRING="&".join(f"{k}={v}" for k, v in query.items()))]
            if row.body is not None:
                # A fresh key as well, because with globex's the reply must still become acme's own.
                bodies = [row.body(next_door), row.body(next_door) | {"client_key": str(uuid4())}]
                answers += [ask(client, "POST", path, body) for body in bodies]
            for answer in answers:
                if heard := next_door.heard_in(answer.everything):
                    found.append(f"{name} {path}: {answer.status} shows {heard}")
                if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    found.append(f"{name} {path}: {answer.status}")
    return found


def _faults(client: Client, next_door: Neighbours, paths_of: Callable[[str], list[str]]) -> list[str]:
    found = []
    for (name, verb, path), part in product(every_request(paths_of), (False, True)):
        if part and verb not in ("GET", "POST"):
            continue
        body = TABLE[name].body
        as_htmx = {"headers": {"HX-Request": "true"}} if part else {}
        answer = ask(client, verb, path, body(next_door) if body else None, **as_htmx)
        refused = {HTTPStatus.NOT_FOUND}
        if Role.AGENT not in PERMISSIONS[TABLE[name].permission]:
            refused.add(HTTPStatus.FORBIDDEN)
        if verb != "GET":
            refused.add(HTTPStatus.METHOD_NOT_ALLOWED)
        if body is not None and verb == "GET" and name not in SHOWN_TOO:
            refused.add(HTTPStatus.METHOD_NOT_ALLOWED)
        if answer.status not in refused:
            found.append(f"{verb} {path}: {answer.status}")
        if heard := next_door.heard_in(answer.everything):
            found.append(f"{verb} {path}: {answer.status} shows {heard}")
    return found
