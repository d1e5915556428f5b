"""What each item of the catalogue looks like."""

from functools import cache

from simulator.pictures.canvas import Shape, area, box, drawn, oval, ring

_DARK, _STEEL, _WHITE = "2f3640", "b8c2cc", "fbfbf8"

# By SKU: the ground's colour and the shapes on it, the lowest first; 100 units wide and high.
_DRAWINGS: dict[str, tuple[str, tuple[Shape, ...]]] = {
    "KT-17L-SS": (
        "e3eef2",
        (
            ring(70, 52, 19, 5, _DARK),
            area(_STEEL, (28, 82), (72, 82), (64, 30), (36, 30)),
            area(_STEEL, (34, 44), (16, 34), (22, 30), (38, 34)),
            box(28, 78, 72, 86, _DARK),
            oval(50, 27, 8, 5, _DARK),
        ),
    ),
    "HP-ANC-BLK": (
        "f3e4d3",
        (
            ring(50, 50, 34, 8, _DARK),
            box(0, 56, 100, 100, "f3e4d3"),
            oval(20, 60, 11, 18, _DARK),
            oval(80, 60, 11, 18, _DARK),
            oval(22, 60, 5, 10, "d97b3f"),
            oval(78, 60, 5, 10, "d97b3f"),
        ),
    ),
    "LMP-DSK-WH": (
        "36506b",
        (
            area("f9e08b", (40, 36), (12, 88), (60, 88)),
            area(_WHITE, (70, 84), (76, 84), (82, 44), (76, 44)),
            area(_WHITE, (76, 48), (82, 44), (50, 20), (46, 25)),
            area(_WHITE, (30, 38), (54, 38), (52, 18), (42, 18)),
            box(58, 84, 90, 90, _WHITE),
        ),
    ),
    "BKP-30L-GRN": (
        "eef0e2",
        (
            ring(50, 24, 14, 5, "24472f"),
            oval(50, 44, 29, 26, "2f6b45"),
            box(21, 44, 79, 84, "2f6b45"),
            box(30, 56, 70, 80, "24472f"),
            box(44, 52, 56, 62, "e0b64a"),
            box(26, 40, 74, 44, "e0b64a"),
        ),
    ),
    "YGM-6MM-PUR": (
        "f0e6f5",
        (
            area("8d5fb3", (30, 38), (92, 62), (92, 78), (30, 78)),
            box(28, 36, 88, 66, "7a46a8"),
            oval(28, 51, 15, 15, "9b6cc6"),
            ring(28, 51, 15, 4, "5d2f8a"),
            ring(28, 51, 8, 3, "5d2f8a"),
        ),
    ),
    "CST-10-PRE": (
        "f6d9a8",
        (
            area("26262a", (60, 46), (96, 14), (100, 22), (68, 58)),
            oval(42, 58, 34, 34, "26262a"),
            oval(42, 58, 27, 27, "45454c"),
            oval(40, 58, 13, 12, _WHITE),
            oval(41, 58, 6, 6, "f2b632"),
        ),
    ),
    "PUZ-1000-ALP": (
        "2d7f8c",
        (
            box(18, 22, 82, 82, "bfe3ee"),
            area("6f8796", (18, 66), (42, 32), (62, 66)),
            area(_WHITE, (34, 44), (42, 32), (50, 46), (42, 42)),
            area("8fa5b2", (48, 66), (66, 42), (82, 66)),
            box(18, 64, 82, 82, "3f9a6b"),
            box(49, 22, 51, 82, "2d7f8c"),
            box(18, 51, 82, 53, "2d7f8c"),
            oval(56, 36, 5, 5, "2d7f8c"),
            oval(34, 57, 5, 5, "2d7f8c"),
        ),
    ),
    "DOG-BED-L": (
        "dfe9df",
        (
            oval(50, 64, 42, 24, "8a5a3c"),
            oval(50, 58, 31, 14, "e9d7bd"),
            oval(50, 50, 9, 7, "5b3a26"),
            oval(38, 42, 4, 5, "5b3a26"),
            oval(46, 37, 4, 5, "5b3a26"),
            oval(55, 37, 4, 5, "5b3a26"),
            oval(63, 42, 4, 5, "5b3a26"),
        ),
    ),
    "TNT-2P-ORG": (
        "cfe6f7",
        (
            box(0, 78, 100, 100, "7fb069"),
            area("f08a24", (50, 18), (94, 82), (6, 82)),
            area("c4620e", (50, 18), (94, 82), (66, 82)),
            area("3b2a1a", (50, 42), (62, 82), (38, 82)),
        ),
    ),
    "SHC-4T-BLU": (
        "fdf3f0",
        (
            box(8, 16, 92, 21, _STEEL),
            *(ring(x, 23, 5, 2, _DARK) for x in (18, 34, 50, 66, 82)),
            *(
                box(x, 27, x + 12, 90, colour)
                for x, colour in zip(range(14, 86, 12), ("3d7fc4", "5b9bdc") * 3, strict=True)
            ),
        ),
    ),
    "DRL-18V-KIT": (
        "e8e6dc",
        (
            box(22, 28, 70, 50, "e7b416"),
            box(70, 33, 80, 45, _DARK),
            box(80, 37, 96, 41, _STEEL),
            area("e7b416", (30, 48), (50, 48), (46, 76), (30, 76)),
            box(22, 74, 56, 88, _DARK),
            box(30, 34, 52, 44, _DARK),
            box(50, 52, 56, 60, "c0392b"),
        ),
    ),
    "CAR-SEATC-GR": (
        "f7ead9",
        (
            oval(48, 22, 13, 10, "6b7480"),
            area("8a939e", (30, 32), (66, 32), (70, 66), (32, 66)),
            area("6b7480", (42, 32), (54, 32), (57, 66), (44, 66)),
            area("6b7480", (30, 64), (84, 64), (88, 80), (30, 80)),
            box(36, 80, 82, 86, _DARK),
        ),
    ),
    "WTC-KID-PNK": (
        "d9f0ec",
        (
            box(37, 6, 63, 94, "f277a5"),
            oval(50, 50, 28, 28, "d84f84"),
            oval(50, 50, 22, 22, _DARK),
            oval(42, 46, 4, 5, "7fe3c0"),
            oval(58, 46, 4, 5, "7fe3c0"),
            area("7fe3c0", (38, 56), (62, 56), (56, 64), (44, 64)),
        ),
    ),
    "VAC-BAG-12": (
        "d3d9e6",
        (
            area("c9b48f", (38, 24), (86, 24), (82, 84), (42, 84)),
            area("e3d3b3", (20, 30), (68, 30), (64, 90), (24, 90)),
            box(32, 38, 56, 54, _WHITE),
            ring(44, 46, 7, 3, "a33b3b"),
            box(20, 28, 68, 33, "a33b3b"),
        ),
    ),
    "BLD-1200W": (
        "e4f3d8",
        (
            area("cfeaf2", (28, 16), (72, 16), (64, 62), (36, 62)),
            area("e2574c", (32, 36), (68, 36), (64, 60), (36, 60)),
            box(28, 10, 72, 17, _DARK),
            area(_DARK, (34, 62), (66, 62), (74, 90), (26, 90)),
            oval(50, 77, 6, 6, "e2574c"),
            area("e2574c", (74, 22), (84, 22), (80, 52), (70, 52)),
        ),
    ),
    "PLW-MEM-2": (
        "a9c3dd",
        (
            area("e6ecf2", (14, 30), (86, 24), (90, 56), (10, 58)),
            area(_WHITE, (10, 52), (90, 50), (86, 84), (16, 86)),
            area("cdd7e2", (10, 56), (90, 54), (90, 58), (10, 60)),
        ),
    ),
    "GRD-HOSE-50": (
        "fbf1c9",
        (
            ring(44, 54, 34, 7, "3c8d40"),
            ring(44, 54, 24, 7, "57ab58"),
            ring(44, 54, 14, 7, "3c8d40"),
            area("3c8d40", (70, 34), (78, 40), (94, 20), (86, 14)),
            area("e07b2a", (80, 26), (90, 32), (98, 12), (88, 6)),
        ),
    ),
    "MUG-SET-6": (
        "e6d3c5",
        (
            ring(80, 36, 11, 4, "5d7183"),
            box(50, 20, 80, 54, "5d7183"),
            ring(42, 66, 12, 4, "f4efe6"),
            box(10, 48, 44, 88, "f4efe6"),
            *(oval(x, y, 2, 2, "7a5c46") for x, y in ((18, 58), (30, 64), (22, 74), (36, 78), (14, 82))),
        ),
    ),
    "TYR-INF-12V": (
        "f2dede",
        (
            oval(36, 60, 32, 32, _DARK),
            oval(36, 60, 18, 18, _STEEL),
            oval(36, 60, 7, 7, _DARK),
            box(56, 16, 94, 50, "c0292b"),
            box(62, 22, 88, 36, "b7f0c1"),
            area(_DARK, (60, 50), (66, 50), (56, 64), (52, 60)),
        ),
    ),
    "BTL-32-TEAL": (
        "fff6e5",
        (
            ring(50, 14, 9, 4, _DARK),
            box(40, 14, 60, 28, _DARK),
            area("16a091", (36, 28), (64, 28), (68, 38), (32, 38)),
            box(32, 38, 68, 92, "16a091"),
            box(32, 54, 68, 60, "0c7468"),
            box(38, 40, 42, 88, "49c4b6"),
        ),
    ),
}


@cache
def picture(sku: str) -> bytes | None:
    """The item's picture as PNG, if there is such an item."""
    if sku not in _DRAWINGS:
        return None
    ground, shapes = _DRAWINGS[sku]
    return drawn(ground, shapes)
