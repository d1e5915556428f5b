"""Webhooks: a marketplace says that something has changed, which is never more than a hint to look.

Nothing of what a delivery says is stored but its number: the account is the one whose secret address was
called and whose secret signed the bytes, and what has changed is read through the API as always.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction

from accounts.tenancy import tenant_tx
from marketplaces import credentials, streams
from marketplaces.models import ApiStream, Health, HookEvent, HookSubscription, SellerAccount
from marketplaces.types import PERFORMANCE
from marketplaces.wire import Odd, decoded, moment, part, text

# What we ask for, and which stream each kind is about.
EVENTS = {
    "ORDER_UPDATES": "orders",
    "RETURN_CREATED": "returns",
    "SELLER_PERFORMANCE_NOTIFICATIONS": PERFORMANCE,
}
HEADER = "X-Helpdesk-Signature"
SECRET = "hook_secret"  # noqa: S105 - the credential's name
PATH = "/hooks/walmart/"
LARGEST = 2**20
# A delivery is known by its number for longer than one is taken, so that an old one never counts anew.
KEPT = timedelta(days=14)
OLDEST = timedelta(days=7)
AHEAD = timedelta(hours=1)
SIGNED_WITHIN = timedelta(minutes=5)
MOST_KEPT = 5000
# What changed just now is read once it has settled; by its number it is read at once.
SETTLED = streams.SETTLING + timedelta(seconds=5)
ORDER_NAMES = ("customerOrderId", "purchaseOrderId")
ORDER_NUMBER = re.compile(r"\d{10,17}")
MOST_ORDERS = 5


class Refused(Exception):
    """A delivery that is not taken; the reason is for our log alone."""


@dataclass(frozen=True, slots=True)
class Hint:
    """Whose delivery it was, and the orders it speaks of; none for one that came before."""

    account: SellerAccount
    orders: tuple[str, ...] = ()


def address(row: HookSubscription) -> str:
    """The address the marketplace is given: it names tenant and account, and nobody can guess it."""
    return f"{settings.PUBLIC_URL}{PATH}{_signer().sign_object([row.tenant_id, row.account_id, row.key])}/"


def _signer() -> signing.Signer:
    return signing.Signer(salt="marketplaces.hooks", sep=".")


def receive(
    token: str, content: bytes, headers: Mapping[str, str], *, method: str, target: str, now: datetime
) -> Hint:
    """Check a delivery and note it, for good before this returns; raises Refused, and then nothing is stored.

    `target` is path and query as they came. One that came before is taken and changes nothing.
    """
    try:
        tenant_id, account_id, key = _signer().unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise Refused("address") from error
    with tenant_tx(tenant_id):
        row = (
            HookSubscription.objects.filter(account_id=account_id, wanted=True)
            .select_related("account")
            .first()
        )
        if (
            row is None
            or not hmac.compare_digest(row.key, str(key))
            or row.account.disconnected_at is not None
        ):
            raise Refused("address")
        try:
            secret = credentials.secret_of(row.account, SECRET).encode()
        except credentials.CredentialFault as fault:
            raise Refused("secret") from fault
        _check_signature(headers.get(HEADER, ""), content, secret)
        _check_walmarts(headers, content, secret, method=method, target=target, now=now)
        event = _event(content, now=now)
        if not _is_new(row, event, now=now):
            return Hint(row.account)
        HookSubscription.objects.filter(pk=row.pk).update(last_event_at=now)
        _hasten(row.account, event.kind, now=now)
        return Hint(row.account, event.orders)


@dataclass(frozen=True, slots=True)
class _Event:
    number: str
    kind: str
    orders: tuple[str, ...]


def _check_signature(given: str, content: bytes, secret: bytes) -> None:
    """HMAC-SHA256 over the bytes as they came, in hex or base64: Walmart does not say which."""
    if not hmac.compare_digest(_digest(given), hmac.digest(secret, content, hashlib.sha256)):
        raise Refused("signature")


def _digest(written: str) -> bytes:
    """The bytes of a digest; as many zeros as it must have where it is none."""
    written = written.strip().removeprefix("sha256=")
    try:
        found = bytes.fromhex(written) if len(written) == 64 else base64.b64decode(written, validate=True)
    except (ValueError, binascii.Error):
        found = b""
    return found if len(found) == 32 else bytes(32)


def _check_walmarts(
    headers: Mapping[str, str], content: bytes, secret: bytes, *, method: str, target: str, now: datetime
) -> None:
    """Walmart's own signature, where a delivery has one: one that is wrong or old is refused."""
    given, stamp = headers.get("WM_SEC.SIGNATURE", ""), headers.get("WM_SEC.TIMESTAMP", "")
    if not given:
        return
    if not stamp.isdecimal() or len(stamp) > 13:
        raise Refused("timestamp")
    seconds = int(stamp) / (1000 if len(stamp) > 11 else 1)
    if abs(now.timestamp() - seconds) > SIGNED_WITHIN.total_seconds():
        raise Refused("timestamp")
    told = "\n".join((method, target, stamp, hashlib.sha256(content).hexdigest()))
    if not hmac.compare_digest(_digest(given), hmac.digest(secret, told.encode(), hashlib.sha256)):
        raise Refused("walmart's signature")


def _event(content: bytes, *, now: datetime) -> _Event:
    value = decoded(content)
    if not isinstance(value, dict):
        raise Refused("no JSON object")
    try:
        source = part(value, "source")
        number, kind = text(source, "eventId", 100), text(source, "eventType", 60)
        at = moment(source, "eventTime")
    except Odd as odd:
        raise Refused(str(odd)) from odd
    if not number or not kind or not number.isprintable() or not kind.isprintable():
        raise Refused("no event")
    if at is not None and not now - OLDEST <= at <= now + AHEAD:
        raise Refused("age")
    return _Event(number, kind, tuple(dict.fromkeys(_orders(value.get("payload"), 4)))[:MOST_ORDERS])


def _orders(value: Any, depth: int) -> list[str]:
    """The order numbers a payload names, wherever it does."""
    if depth == 0:
        return []
    if isinstance(value, list):
        return [number for each in value[:MOST_ORDERS] for number in _orders(each, depth - 1)]
    if not isinstance(value, dict):
        return []
    named = [str(value[name]) for name in ORDER_NAMES if isinstance(value.get(name), (str, int))]
    found = [number for number in named if ORDER_NUMBER.fullmatch(number)]
    return found + [number for each in list(value.values())[:50] for number in _orders(each, depth - 1)]


def _is_new(row: HookSubscription, event: _Event, *, now: datetime) -> bool:
    """Note the event's number; False when it is here already. Old numbers go."""
    try:
        with transaction.atomic():
            HookEvent.objects.create(
                tenant_id=row.tenant_id,
                account=row.account,
                event_id=event.number,
                kind=event.kind,
                received_at=now,
            )
    except IntegrityError:
        return False
    held = HookEvent.objects.filter(account=row.account)
    held.filter(received_at__lt=now - KEPT).delete()
    surplus = held.order_by("-received_at", "-pk").values_list("pk", flat=True)[MOST_KEPT : 2 * MOST_KEPT]
    held.filter(pk__in=list(surplus)).delete()
    return True


def _hasten(account: SellerAccount, kind: str, *, now: datetime) -> None:
    """Have the stream read as soon as the change has settled; one that is being read goes on."""
    name = EVENTS.get(kind, "")
    soon = now + SETTLED
    due = ApiStream.objects.filter(account=account, name=name, next_at__gt=soon)
    due.exclude(health__in=(Health.PAUSED, Health.AUTH_FAILED)).update(next_at=soon)
