"""The simulated buyers' names and home towns."""

from random import Random

_NAMES = {
    "en": (
        "Denise Walker",
        "Marcus Hill",
        "Priya Raman",
        "Tom Becker",
        "Latoya Green",
        "Kevin O'Neill",
        "Susan Park",
        "Hector Ruiz",
        "Emily Carter",
        "Dwayne Foster",
        "Joan Whitfield",
        "Nate Sullivan",
        "Alicia Moreno",
        "Greg Lindqvist",
        "Tanya Brooks",
        "Bill Hargrove",
        "Mei Tanaka",
        "Robert Ellis",
        "Carla Jimenez",
        "Ruth Abrams",
        "Jamal Price",
        "Wendy Kowalski",
        "Sean Gallagher",
        "Olivia Marsh",
    ),
    "de": ("Jürgen Schäfer", "Sabine Köhler", "Lukas Brandt", "Heike Groß"),
    "ja": ("佐藤 健一", "鈴木 由美", "高橋 翔太", "田中 美咲"),
    "it": ("Giulia Ferrari", "Marco De Luca", "Nicolò Barbieri"),
    "pt": ("João Pedro Gonçalves", "Ana Conceição", "Luísa Araújo"),
    "es": ("María José Núñez", "Álvaro Gómez", "Lucía Peña"),
    "fr": ("Élodie Lefèvre", "Benoît Girard", "Chloé Rousseau"),
}
_TOWNS = {
    "en": (
        "Tulsa, OK",
        "Dayton, OH",
        "Boise, ID",
        "Macon, GA",
        "Spokane, WA",
        "Erie, PA",
        "Waco, TX",
        "Reno, NV",
    ),
    "de": ("Kassel", "Lübeck"),
    "ja": ("横浜市", "福岡市"),
    "it": ("Modena", "Bari"),
    "pt": ("Curitiba", "Recife"),
    "es": ("Valencia", "Puebla"),
    "fr": ("Nantes", "Lyon"),
}


def name(rng: Random, language: str) -> str:
    """A buyer's full name."""
    return rng.choice(_NAMES[language])


def town(rng: Random, language: str) -> str:
    """Where a buyer lives."""
    return rng.choice(_TOWNS[language])
