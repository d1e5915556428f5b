"""Take a login's secrets out of what a mail server says; some repeat the command they refuse. Pure."""

import base64


def without_secrets(words: str, user: str, password: str) -> str:
    """The words with the password blanked, plain and in the forms it is sent in (RFC 4616, AUTH LOGIN)."""
    plain, both = password.encode(), b"\0%b\0%b" % (user.encode(), password.encode())
    for secret in (base64.b64encode(both).decode(), base64.b64encode(plain).decode(), password):
        if secret:
            words = words.replace(secret, "[password]")
    return words
