"""Small pictures drawn in code: what buyers photograph."""

from random import Random

from simulator.png import encoded


def png(rng: Random, *, width: int = 320, height: int = 240) -> bytes:
    """A PNG of a box on a table with a crack across it, some kilobytes."""
    table = (rng.randrange(120, 200), rng.randrange(90, 150), rng.randrange(60, 120))
    carton = (rng.randrange(150, 220), rng.randrange(120, 170), rng.randrange(80, 130))
    left, right, top, bottom = width // 6, width * 5 // 6, height // 5, height * 9 // 10
    crack = rng.randrange(width // 3, width // 2)
    rows = bytearray()
    for y in range(height):
        row = bytearray(bytes(_lit(table, rng)) * width)
        if top < y < bottom:
            row[3 * left : 3 * right] = bytes(_lit(carton, rng)) * (right - left)
            crack = min(max(crack + rng.randrange(-3, 4), left), right - 4)
            row[3 * crack : 3 * crack + 12] = bytes((30, 25, 20)) * 4
        # Every row begins with the number of its filter: none.
        rows += b"\x00" + row
    return encoded(width, height, bytes(rows))


def _lit(colour: tuple[int, int, int], rng: Random) -> tuple[int, ...]:
    light = rng.randrange(-10, 11)
    return tuple(channel + light for channel in colour)
