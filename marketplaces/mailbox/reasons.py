"""Why a mail server could not be used, told apart so that a person can be told what to do. Pure."""

import re
import socket
import ssl
from enum import StrEnum

from marketplaces.hosts import ForbiddenHost


class Reason(StrEnum):
    """What stands in the way."""

    PRIVATE = "private"  # the host leads into a private network
    NO_HOST = "no_host"  # the name means nothing
    UNREACHABLE = "unreachable"  # nobody answers there
    CERTIFICATE = "certificate"  # somebody answers who cannot show to be it
    NO_TLS = "no_tls"  # somebody answers who does not speak TLS on that port
    APP_PASSWORD = "app_password"  # noqa: S105 - the provider wants a password made for programs
    NO_PASSWORDS = "no_passwords"  # the provider lets no password in at all
    CONSENT = "consent"  # the token of a consent is not taken
    REFUSED = "refused"  # user and password are wrong
    SENDER = "sender"  # the sender's address is refused
    OTHER = "other"


APP_PASSWORD = re.compile(r"app(lication)?[- ]?(specific)?[- ]?password|two[- ]factor|5\.7\.9\b", re.I)
NO_PASSWORDS = re.compile(
    r"basic auth\w* (is )?(disabled|blocked|not)|web login required|logindisabled|5\.7\.139|"
    r"client not authenticated|less secure|please log ?in (with|via) your web browser",
    re.I,
)


def of_error(error: BaseException) -> Reason:
    """Why a connection could not be made or kept."""
    if isinstance(error, ForbiddenHost):
        return Reason.PRIVATE
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reason.CERTIFICATE
    if isinstance(error, ssl.SSLError):
        return Reason.NO_TLS
    if isinstance(error, socket.gaierror | UnicodeError):
        return Reason.NO_HOST
    if isinstance(error, OSError):
        return Reason.UNREACHABLE
    return Reason.OTHER


def of_refusal(words: str, *, by_token: bool) -> Reason:
    """What a refused sign-in is about, by the server's own words."""
    if by_token:
        return Reason.CONSENT
    if APP_PASSWORD.search(words):
        return Reason.APP_PASSWORD
    if NO_PASSWORDS.search(words):
        return Reason.NO_PASSWORDS
    return Reason.REFUSED
