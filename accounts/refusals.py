"""What a person asks for and cannot have."""


class Refused(Exception):
    """The act cannot be done; the message says why and what to do instead."""
