"""Small pictures drawn in code: what buyers photograph."""

import struct
import zlib
from random import Random


def png(rng: Random, *, width: int = 240, height: int = 180) -> bytes:
    """A PNG of a box on a table with a crack across it, a few kilobytes."""
    table = (rng.randrange(120, 200), rng.randrange(90, 150), rng.randrange(60, 120))
    carton = (rng.randrange(150, 220), rng.randrange(120, 170), rng.randrange(80, 130))
    crack_at, slope = rng.randrange(width // 3, width // 2), rng.uniform(-0.5, 0.5)
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            inside = width // 6 < x < width * 5 // 6 and height // 5 < y < height * 9 // 10
            red, green, blue = carton if inside else table
            wobble = (y * 7919) % 9 - 4
            if inside and abs(x - crack_at - slope * y - wobble) < 3:
                red, green, blue = 30, 25, 20
            shade = (x + y) % 16 - 8
            rows += bytes(max(0, min(255, channel + shade)) for channel in (red, green, blue))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
