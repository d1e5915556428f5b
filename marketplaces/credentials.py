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

FIELDS = ("imap_password", "smtp_password")
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


def seal(account: SellerAccount, field: str, value: str) -> None:
    """Store a secret of the account, replacing the former one."""
    key_id, key = master_key()
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, value.encode(), binding(account, field))
    Credential.objects.update_or_create(
        tenant_id=account.tenant_id,
        account=account,
        field=field,
        defaults={"key_id": key_id, "sealed": sealed},
    )


def secret_of(account: SellerAccount, field: str) -> str:
    """Open a secret of the account; raises CredentialFault."""
    row = Credential.objects.filter(account=account, field=field).first()
    if row is None:
        raise CredentialFault(f"No {field.replace('_', ' ')} is stored for {account.name}.")
    key_id, key = master_key()
    if row.key_id != key_id:
        raise CredentialFault(f"The {field.replace('_', ' ')} of {account.name} was sealed with another key.")
    sealed = bytes(row.sealed)
    try:
        opened = AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], binding(account, field))
    except InvalidTag as error:
        raise CredentialFault(f"The {field.replace('_', ' ')} of {account.name} does not open.") from error
    return opened.decode()
