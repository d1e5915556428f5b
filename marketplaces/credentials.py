"""Seal a seller account's secrets so that they open only for their own tenant, account and field.

AES-256-GCM with the binding as additional data: a ciphertext copied into another row does not open. The key
is the operator's (HELPDESK_CREDENTIAL_KEY, or a file made on first start); its fingerprint stands beside each
value.
"""

import hashlib
import secrets
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from marketplaces.models import Credential, SellerAccount
from marketplaces.types import Marketplace

MAILBOX_FIELDS = ("imap_password", "smtp_password")
# What opens each marketplace's API. An account may do without: then only its mailbox is read.
API_FIELDS: dict[Marketplace, tuple[str, ...]] = {
    Marketplace.WALMART: ("api_client_id", "api_client_secret"),
    Marketplace.AMAZON: ("lwa_client_id", "lwa_client_secret", "refresh_token"),
}
# What an Amazon account need not bring where the operator has registered an application.
OPERATORS = ("lwa_client_id", "lwa_client_secret")
NONCE_BYTES = 12


class CredentialFault(Exception):
    """A secret is missing or does not open; the message is for the admin."""


@cache
def master_key() -> tuple[str, bytes]:
    """The key's fingerprint and the key; raises CredentialFault when the setting is no 256-bit key."""
    try:
        key = bytes.fromhex(settings.CREDENTIAL_KEY)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise CredentialFault("HELPDESK_CREDENTIAL_KEY must be 64 hex digits.")
    return hashlib.sha256(b"key id" + key).hexdigest()[:16], key


def binding(account: SellerAccount, field: str) -> bytes:
    """What a sealed value belongs to."""
    return f"{account.tenant_id}|{account.pk}|{field}".encode()


def sealed(account: SellerAccount, field: str, value: str) -> tuple[str, bytes]:
    """The key's fingerprint, and the value closed for this account and field."""
    key_id, key = master_key()
    nonce = secrets.token_bytes(NONCE_BYTES)
    return key_id, nonce + AESGCM(key).encrypt(nonce, value.encode(), binding(account, field))


def opened(account: SellerAccount, field: str, key_id: str, closed: bytes) -> str:
    """What `sealed` closed; raises CredentialFault."""
    own_id, key = master_key()
    if key_id != own_id:
        raise CredentialFault(f"The {field.replace('_', ' ')} of {account.name} was sealed with another key.")
    try:
        value = AESGCM(key).decrypt(closed[:NONCE_BYTES], closed[NONCE_BYTES:], binding(account, field))
    except InvalidTag as error:
        raise CredentialFault(f"The {field.replace('_', ' ')} of {account.name} does not open.") from error
    return value.decode()


def seal(account: SellerAccount, field: str, value: str) -> None:
    """Store a secret of the account, replacing the former one."""
    key_id, closed = sealed(account, field, value)
    Credential.objects.update_or_create(
        tenant_id=account.tenant_id,
        account=account,
        field=field,
        defaults={"key_id": key_id, "sealed": closed},
    )


def has_key(account: SellerAccount) -> bool:
    """Whether a key to the marketplace's API is stored."""
    last = API_FIELDS[account.marketplace][-1]
    return Credential.objects.filter(account=account, field=last).exists()


def api_secrets(account: SellerAccount, *, trial: str = "") -> dict[str, str]:
    """The account's key to its marketplace's API; raises CredentialFault when it is not whole.

    `trial` begins the names of secrets that are only being tried.
    """
    optional = OPERATORS if settings.AMAZON_APP["lwa_client_id"] else ()
    stored = set(Credential.objects.filter(account=account).values_list("field", flat=True))
    return {
        field: secret_of(account, trial + field)
        for field in API_FIELDS[account.marketplace]
        if field not in optional or trial + field in stored
    }


def secret_of(account: SellerAccount, field: str) -> str:
    """Open a secret of the account; raises CredentialFault."""
    row = Credential.objects.filter(account=account, field=field).first()
    if row is None:
        raise CredentialFault(f"No {field.replace('_', ' ')} is stored for {account.name}.")
    return opened(account, field, row.key_id, bytes(row.sealed))
