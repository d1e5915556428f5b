"""How a parser process and its owner talk: length, then bytes, over pipes.

A request is a JSON context and a raw mail; an answer is a JSON object and the attachments' bytes. No pickle:
the child has read hostile mail, and what it says is data.
"""

import json
import struct
from collections.abc import Sequence
from typing import Any

LENGTHS = struct.Struct(">II")  # bytes of JSON, bytes that follow it


def packed(data: dict[str, Any], contents: Sequence[bytes] = ()) -> list[bytes]:
    """Return a frame as the pieces to write, so that large contents are not copied together."""
    head = json.dumps({**data, "sizes": [len(content) for content in contents]}).encode()
    return [LENGTHS.pack(len(head), sum(map(len, contents))) + head, *contents]


def unpacked(head: bytes | bytearray, rest: bytes | bytearray) -> tuple[dict[str, Any], list[bytes]]:
    """Return the JSON object and the contents of a frame; ValueError when the sizes do not add up."""
    data = json.loads(head)
    sizes = data.pop("sizes")
    contents: list[bytes] = []
    at = 0
    view = memoryview(rest)
    for size in sizes:
        contents.append(bytes(view[at : at + size]))
        at += size
    if at != len(rest):
        raise ValueError("the contents of a frame are not as long as it says")
    return data, contents
