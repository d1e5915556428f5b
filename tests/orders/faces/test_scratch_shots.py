import struct, zlib, os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from accounts.tenancy import tenant_tx
from orders.models import *
from inbox.models import *
from tests.web.test_browser import *  # noqa
from tests.orders.rows import make_order
from tests.world import *

OUT = Path("/tmp/shots-faces")
OUT.mkdir(exist_ok=True)


def png(c, d):
    w = h = 128
    rows = b""
    for y in range(h):
        rows += b"\0"
        for x in range(w):
            r = ((x - 64) ** 2 + (y - 54) ** 2) ** 0.5
            rows += bytes(
                c if (r < 34 or (60 < x < 68 and y < 118) or (40 < x < 88 and 110 < y < 118)) else d
            )

    def ch(t, b):
        return struct.pack(">I", len(b)) + t + b + struct.pack(">I", zlib.crc32(t + b))

    return (
        b"\x89PNG\r\n\x1a\n"
        + ch(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
        + ch(b"IDAT", zlib.compress(rows))
        + ch(b"IEND", b"")
    )


def test_shots(context, world, browser):
    now = timezone.now()
    h = lambda n: now + timedelta(hours=n)
    img = default_storage.save(
        f"{world.acme.pk}/items/a.png", ContentFile(png((180, 140, 60), (238, 233, 222)))
    )
    img2 = default_storage.save(
        f"{world.acme.pk}/items/b.png", ContentFile(png((70, 110, 130), (235, 238, 240)))
    )
    talk = conversation_of(
        world.walmart,
        text="The trace page says nothing new. It is a gift for Friday. If it won't be here by then I would rather have my money back. Can you cancel it?",
        sent_at=h(-46.8),
    )
    for i, (t, b) in enumerate(
        [
            ("Two of four cups are broken", "Jonas Wehrle"),
            ("The red roof piece was not in the box", "Teresa Amaro"),
            ("Marked delivered but nothing here", "Priya Raman"),
            ("Legs wobble. How do I send it back?", "Curtis Boyle"),
        ]
    ):
        conversation_of(
            world.walmart, text=t, buyer=b, relay=f"{i:032x}", order=f"2000{i:011d}", sent_at=h(-30 - 4 * i)
        )
    with tenant_tx(world.acme.pk):
        Order.objects.filter(external_id="200011874402913").update(buyer_name="Denise Kowalczyk")
    o = make_order(
        world.walmart,
        external_id="200011874402913",
        status="shipped",
        ordered_at=h(-24 * 9),
        ship_by=h(-24 * 7),
        deliver_by=h(-50),
        ship_to_place="Austin, TX 78704",
        buyer_name="Denise Kowalczyk",
        lines=[dict(sku="LO-ARC-BRASS-02", title="Arched floor lamp, brass, linen shade", image_path=img)],
        shipments=[
            dict(
                carrier="FedEx Ground",
                shipped_at=h(-24 * 7.5),
                estimated_at=h(26),
                events=[
                    dict(at=h(-3 - 7 * i), text=t, place=p)
                    for i, (t, p) in enumerate(
                        [
                            ("Left facility", "El Paso, TX"),
                            ("In transit, sent there by mistake", "El Paso, TX"),
                            ("Arrived", "Memphis, TN"),
                            ("Departed", "Memphis, TN"),
                            ("Picked up", "Nashville, TN"),
                        ]
                    )
                ],
            )
        ],
    )
    with tenant_tx(world.acme.pk):
        buyer = Order.objects.get(pk=o.pk).buyer
    make_order(
        world.amazon, buyer=buyer, status="delivered", delivered_at=h(-24 * 20), ordered_at=h(-24 * 30)
    )
    make_order(
        world.amazon,
        buyer=buyer,
        status="delivered",
        delivered_at=h(-24 * 20),
        ordered_at=h(-24 * 40),
        returns=[dict(), dict(a_to_z=True), dict()],
    )
    big = make_order(
        world.amazon,
        external_id="302-1234567-7654321",
        status="partly_shipped",
        currency="EUR",
        total=Decimal("264.90"),
        buyer_name="Jonas Wehrle",
        ship_to_place="10997 Berlin",
        programs=["PRIME"],
        fulfilment="seller",
        deliver_by=h(30),
        ship_by=h(3),
        ordered_at=h(-50),
        buyer=buyer,
        lines=[
            dict(
                sku="CUP-4-BLU",
                title="Set of four stoneware cups, glazed blue, dishwasher safe",
                quantity=2,
                image_path=img2,
                unit_price=Decimal("44.95"),
                status="shipped",
            ),
            dict(sku="TEA-POT-1", title="Teapot 1.2 l", unit_price=Decimal("75.00")),
            dict(
                sku="CANDLE-XL-BEESWAX-3",
                title="Beeswax candles",
                unit_price=Decimal("100"),
                cancel_requested=True,
                cancel_reason="Ordered twice",
                status="shipped",
            ),
        ],
        shipments=[
            dict(
                carrier="DHL",
                tracking_number="00340434161094042557",
                shipped_at=h(-20),
                status="in_transit",
                events=[dict(at=h(-i), text=f"Scan {i}", place="Leipzig") for i in range(1, 6)],
            ),
            dict(carrier="Some Courier", tracking_number="X1", status="pre_transit", shipped_at=None),
        ],
        returns=[
            dict(
                status="received",
                received_at=h(-2),
                refunded_at=h(-1),
                refund_amount=Decimal("44.95"),
                carrier="UPS",
                tracking_number="1Z999",
                a_to_z=True,
                safe_t="D-77",
                in_policy=False,
                lines=[
                    dict(
                        title="Set of four stoneware cups",
                        reason="DAMAGED_BY_CARRIER",
                        comment="Zwei von vier Tassen sind zerbrochen.",
                    )
                ],
            )
        ],
        refunds=[
            dict(amount=Decimal("44.95"), currency="EUR", issued_by="seller", reason="DAMAGED", at=h(-1))
        ],
        message_actions=[
            {"name": "confirmOrderDetails", "longest": 2000},
            {"name": "unexpectedProblem", "longest": 2000},
        ],
        message_actions_as_of=h(-0.1),
    )
    make_order(
        world.walmart,
        ship_by=h(-5),
        buyer_name="Teresa Amaro",
        lines=[dict(title="Wooden play house", sku="PH-1")],
    )
    make_order(
        world.walmart,
        ship_by=h(1.5),
        buyer_name="Priya Raman",
        lines=[dict(title="Kettle, matt black, 1.7 l", sku="KET-17", image_path=img2)],
    )
    make_order(
        world.walmart,
        ship_by=h(9),
        buyer_name="Curtis Boyle",
        lines=[dict(title="Dining chair, oak", sku="CH-OAK", quantity=4)],
    )
    for i in range(8):
        make_order(
            world.amazon if i % 2 else world.walmart,
            ship_by=h(30 + 9 * i),
            buyer_name="M. Okafor",
            currency="EUR",
            programs=["PRIME"] if i % 3 else [],
            lines=[dict(title="Rug, rust, 160 x 230", sku=f"RUG-{i}"), dict(sku="z")],
        )
    stale = make_order(
        world.walmart,
        status="shipped",
        fault="Walmart answered 503 (service unavailable).",
        as_of=h(-4),
        returns_as_of=h(-4),
        shipments=[dict(shipped_at=h(-10))],
        fulfilment="wfs",
    )
    page = context.new_page()

    def shot(name, path, size=(1440, 900), dark=False, full=False, do=None):
        page.set_viewport_size(dict(width=size[0], height=size[1]))
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(path)
        page.wait_for_timeout(700)
        if do:
            do()
            page.wait_for_timeout(500)
        page.screenshot(path=str(OUT / f"{name}.png"), full_page=full)

    c = f"/t/acme/c/{talk.number}/"
    shot("talk", c)
    shot("talk-dark", c, dark=True)
    shot("talk-1024", c, (1024, 768), do=lambda: page.click(".opens-panel"))
    shot("talk-390", c, (390, 844), do=lambda: page.click(".opens-panel"))
    shot("order", f"/t/acme/orders/{big.pk}/")
    shot("order-dark", f"/t/acme/orders/{big.pk}/", dark=True)
    shot("order-390", f"/t/acme/orders/{big.pk}/", (390, 844))
    shot("order-1024", f"/t/acme/orders/{big.pk}/", (1024, 768))
    shot("stale", f"/t/acme/orders/{stale.pk}/")
    shot("orders", "/t/acme/orders/")
    shot("orders-dark", "/t/acme/orders/?view=all", dark=True)
    shot("orders-1024", "/t/acme/orders/", (1024, 768))
    shot("orders-390", "/t/acme/orders/", (390, 844))
    shot("writing-amz", f"/t/acme/orders/{big.pk}/writing/")
    shot("writing-wm", f"/t/acme/orders/{o.pk}/writing/")
    with tenant_tx(world.acme.pk):
        Order.objects.filter(pk=o.pk).update(
            relay_address="0123456789abcdef0123456789abcdef@relay.walmart.com"
        )
    shot("writing-wm2", f"/t/acme/orders/{o.pk}/writing/", (390, 844))
    shot("buyer", f"/t/acme/buyers/{buyer.pk}/")
    shot("asking", f"/t/acme/c/{talk.number}/", do=lambda: page.click("#order-card form button"))
