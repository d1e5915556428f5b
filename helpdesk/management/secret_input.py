"""Take a secret from the environment or standard input, never from the command line others can see."""

import getpass
import os
import sys

from django.core.management.base import CommandError


def read_secret(prompt: str, variable: str) -> str:
    """The secret, without the line's end; raises CommandError when there is none."""
    value = os.environ.get(variable)
    if value is None:
        value = getpass.getpass(f"{prompt}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise CommandError(f"No {prompt.lower()}: give it on standard input or in {variable}.")
    if value != value.strip():
        raise CommandError(f"The {prompt.lower()} begins or ends with a space. Copy it again without.")
    return value
