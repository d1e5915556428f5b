"""One guard for every host a tenant may name: public, unless the operator has opened private ranges."""

import ipaddress
import socket

from django.conf import settings


class ForbiddenHost(Exception):
    """The host leads into a private network; the message is for the admin."""


def check_address(address: str) -> None:
    """Refuse an IP address that is not public; raises ForbiddenHost."""
    if settings.ALLOW_PRIVATE_HOSTS:
        return
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    if mapped is not None:
        ip = mapped
    if not ip.is_global or ip.is_multicast:
        raise ForbiddenHost("The host leads into a private network, which only the operator may allow.")


def check_peer(connection: socket.socket) -> None:
    """Refuse to go on with a peer that is not public, before anything secret is said to it.

    Asked of the connection itself, so that a name which resolves differently the second time gains nothing.
    """
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        check_address(str(connection.getpeername()[0]))


def check_host(host: str) -> None:
    """Refuse a name, when it is entered, with any address that is not public; raises OSError too."""
    for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        check_address(str(address[0]))
