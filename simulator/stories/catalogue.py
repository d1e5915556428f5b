"""What the simulated sellers sell."""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random


@dataclass(frozen=True)
class CatalogueItem:
    """One article; `titles` are those on sites in other languages."""

    sku: str
    title: str
    short: str
    asin: str
    item_id: str
    price: Decimal
    titles: dict[str, str] = field(default_factory=dict)

    def title_in(self, language: str) -> str:
        """The title shown on a site in that language."""
        return self.titles.get(language, self.title)


def _item(
    sku: str,
    title: str,
    short: str,
    asin: str,
    item_id: str,
    price: str,
    titles: dict[str, str] | None = None,
) -> CatalogueItem:
    return CatalogueItem(sku, title, short, asin, item_id, Decimal(price), titles or {})


ITEMS = (
    _item(
        "KT-17L-SS",
        "Brewline Electric Kettle 1.7 L, Stainless Steel, Auto Shut-Off",
        "kettle",
        "B08K2LM41Q",
        "571930284",
        "34.99",
        {
            "de": "Brewline Wasserkocher 1,7 l, Edelstahl, Abschaltautomatik",
            "ja": "Brewline 電気ケトル 1.7L ステンレス 自動電源オフ",
            "it": "Brewline Bollitore elettrico 1,7 l, acciaio inox, spegnimento automatico",
            "pt": "Brewline Chaleira Elétrica 1,7 L, Aço Inox, Desligamento Automático",
            "es": "Brewline Hervidor eléctrico 1,7 l, acero inoxidable, apagado automático",
            "fr": "Brewline Bouilloire électrique 1,7 l, inox, arrêt automatique",
        },
    ),
    _item(
        "HP-ANC-BLK",
        "Soundhaven Over-Ear Headphones, Noise Cancelling, 40 h Battery, Black",
        "headphones",
        "B09Q7T3WNC",
        "882014573",
        "79.00",
        {
            "de": "Soundhaven Over-Ear-Kopfhörer, Geräuschunterdrückung, 40 h Akku, Schwarz",
            "ja": "Soundhaven ワイヤレスヘッドホン ノイズキャンセリング 40時間再生 ブラック",
            "it": "Soundhaven Cuffie over-ear, cancellazione del rumore, batteria 40 h, nere",
            "pt": "Soundhaven Fone de Ouvido Over-Ear, Cancelamento de Ruído, 40 h, Preto",
            "es": "Soundhaven Auriculares con cancelación de ruido, 40 h, negro",
            "fr": "Soundhaven Casque à réduction de bruit, 40 h, noir",
        },
    ),
    _item(
        "LMP-DSK-WH",
        "Arclight LED Desk Lamp with USB Charging Port, Dimmable, White",
        "desk lamp",
        "B07XR5J2PD",
        "493827156",
        "28.50",
        {
            "de": "Arclight LED-Schreibtischlampe mit USB-Anschluss, dimmbar, Weiß",
            "ja": "Arclight LEDデスクライト USB充電ポート付き 調光 ホワイト",
            "it": "Arclight Lampada da scrivania LED con porta USB, dimmerabile, bianca",
            "pt": "Arclight Luminária de Mesa LED com USB, Regulável, Branca",
            "es": "Arclight Lámpara de escritorio LED con USB, regulable, blanca",
            "fr": "Arclight Lampe de bureau LED avec port USB, variateur, blanche",
        },
    ),
    _item(
        "BKP-30L-GRN",
        "Ridgeway Hiking Backpack 30 L, Waterproof, Forest Green",
        "backpack",
        "B0B6YV8K1S",
        "738291645",
        "52.95",
    ),
    _item(
        "YGM-6MM-PUR",
        "Stillpoint Yoga Mat 6 mm, Non-Slip, Purple",
        "yoga mat",
        "B01N9GZK4R",
        "204918377",
        "24.99",
    ),
    _item(
        "CST-10-PRE",
        "Hearthside Cast Iron Skillet 10 Inch, Pre-Seasoned",
        "skillet",
        "B07HPJQ2TV",
        "619384720",
        "31.49",
    ),
    _item(
        "PUZ-1000-ALP", "Alpine Lake Jigsaw Puzzle, 1000 Pieces", "puzzle", "B08R6WD3XM", "350192846", "17.95"
    ),
    _item(
        "DOG-BED-L",
        "Pawrest Orthopedic Dog Bed, Large, Washable Cover",
        "dog bed",
        "B0872K9LMF",
        "927461038",
        "64.90",
    ),
    _item(
        "TNT-2P-ORG",
        "Ridgeway 2-Person Tent with Rainfly, Orange",
        "tent",
        "B09VX4H7QZ",
        "415720938",
        "119.00",
    ),
    _item(
        "SHC-4T-BLU",
        "Tidewell Fabric Shower Curtain with 12 Hooks, Blue",
        "shower curtain",
        "B07MZ5T8KD",
        "580137264",
        "19.99",
    ),
    _item(
        "DRL-18V-KIT",
        "Forgeman 18 V Cordless Drill Kit, 2 Batteries",
        "drill kit",
        "B0BTW9S2NJ",
        "836410259",
        "89.99",
    ),
    _item(
        "CAR-SEATC-GR",
        "Roadnest Car Seat Cover Set, Grey, 9 Pieces",
        "seat covers",
        "B08DJ3FQ6L",
        "172836495",
        "46.75",
    ),
    _item(
        "WTC-KID-PNK",
        "Tickaloo Kids Smart Watch with Games, Pink",
        "kids watch",
        "B0CGV1R58X",
        "694820173",
        "38.00",
    ),
    _item(
        "VAC-BAG-12",
        "Dustaway Vacuum Bags Type C, 12 Pack",
        "vacuum bags",
        "B00K6VQ3MH",
        "308572914",
        "15.49",
    ),
    _item(
        "BLD-1200W",
        "Brewline Countertop Blender 1200 W, 2 L Glass Jar",
        "blender",
        "B09C8Z5Y1T",
        "761903482",
        "69.99",
        {
            "de": "Brewline Standmixer 1200 W, 2-l-Glaskrug",
            "ja": "Brewline ミキサー 1200W ガラスジャー 2L",
            "it": "Brewline Frullatore 1200 W, caraffa in vetro da 2 l",
            "pt": "Brewline Liquidificador 1200 W, Jarra de Vidro 2 L",
            "es": "Brewline Batidora de vaso 1200 W, jarra de vidrio 2 l",
            "fr": "Brewline Blender 1200 W, bol en verre 2 l",
        },
    ),
    _item(
        "PLW-MEM-2",
        "Cloudrest Memory Foam Pillow, 2 Pack, Queen",
        "pillows",
        "B07YH2NDW8",
        "249618053",
        "44.00",
    ),
    _item(
        "GRD-HOSE-50",
        "Meadowline Expandable Garden Hose 50 ft, 10-Pattern Nozzle",
        "garden hose",
        "B085GT4VPX",
        "573820641",
        "36.25",
    ),
    _item(
        "MUG-SET-6",
        "Hearthside Stoneware Mug Set of 6, Speckled",
        "mug set",
        "B08XQ6L9RN",
        "918237460",
        "42.50",
    ),
    _item(
        "TYR-INF-12V",
        "Roadnest 12 V Tire Inflator, Digital, Auto Stop",
        "tire inflator",
        "B0B2J8MK7W",
        "436071529",
        "33.99",
    ),
    _item(
        "BTL-32-TEAL",
        "Ridgeway Insulated Water Bottle 32 oz, Teal",
        "water bottle",
        "B07V9PZQ3C",
        "687134902",
        "26.00",
    ),
)
_BY_SKU = {item.sku: item for item in ITEMS}


def pick(rng: Random, language: str) -> CatalogueItem:
    """An item that has a title in that language."""
    if language == "en":
        return rng.choice(ITEMS)
    return rng.choice([item for item in ITEMS if language in item.titles])


def by_sku(sku: str) -> CatalogueItem | None:
    """The item with that SKU."""
    return _BY_SKU.get(sku)
