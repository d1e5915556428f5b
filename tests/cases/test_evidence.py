"""What speaks for the seller in a case: gathered, checked off, and made a PDF by a worker."""

import io
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import ExifTags, Image
from pypdf import PdfReader

from accounts.refusals import Refused
from accounts.tenancy import tenant_tx
from cases.evidence import adding, forgetting, packing
from cases.evidence.dossier import Dossier, Source, Statement, StoredFile, checklist
from cases.evidence.gathering import gather
from cases.evidence.pdf import write
from cases.models import Case, CheckAnswer, CheckState, EvidenceFile, EvidencePack, PackState, WarehouseCheck
from inbox import actions
from inbox.models import Attachment, Conversation, Event
from marketplaces.outbox import OutboxState
from orders.models import Return
from tests.cases import mails
from tests.cases.case_rows import case_on
from tests.cases.rows import only_case
from tests.orders.rows import make_order
from tests.web.conftest import Browser, browser_of
from tests.web.rows import file_in, only_message, reply_in
from tests.world import World, arrive, conversation_of

ORDER = "200011874402913"
NOW = datetime(2026, 3, 12, 14, 6, tzinfo=UTC)
SOURCE = Source("a", "Order record 1")
ORIENTATION, GPS = ExifTags.Base.Orientation, ExifTags.IFD.GPSInfo


def picture(kind: str = "PNG") -> bytes:
    """A small picture."""
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(made, kind)
    return made.getvalue()


def text_of(pdf: bytes) -> list[str]:
    """The words of each page, on one line."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


@pytest.fixture
def case(world: World) -> Case:
    """A claim about a delivered order of which there is everything."""
    at = timezone.now() - timedelta(days=3)
    make_order(
        world.walmart,
        external_id=ORDER,
        shipments=[
            {
                "delivered_at": at,
                "shipped_at": at - timedelta(days=2),
                "events": [{"text": "At the door", "at": at}],
            }
        ],
        returns=[{"external_id": "RMA-1", "refund_amount": Decimal("12.00"), "refunded_at": at}],
        refunds=[{"amount": Decimal("10.00"), "reason": "Damaged"}],
    )
    talk = conversation_of(world.walmart, order=ORDER)
    return case_on(talk, amount=Decimal("89.00"), currency="USD", reference="A-77")


@pytest.fixture
def dossier(case: Case) -> Dossier:
    """What is gathered for it."""
    with tenant_tx(case.tenant_id):
        return gather(fresh(case), title="A-to-z claim")


def fresh(case: Case) -> Case:
    """The case with what its makers read along."""
    return Case.objects.select_related("account", "order__account", "conversation").get(pk=case.pk)


def made(case: Case, world: World) -> EvidencePack:
    """A pack of it, made by this process."""
    with tenant_tx(case.tenant_id):
        pack = packing.ask(fresh(case), by=world.alice, now=timezone.now())
    packing.make(pack.pk, tenant_id=case.tenant_id, clock=timezone.now)
    with tenant_tx(case.tenant_id):
        return EvidencePack.objects.get(pk=pack.pk)


def content_of(pack: EvidencePack) -> bytes:
    """The bytes of its PDF."""
    with default_storage.open(pack.path) as file:
        return bytes(file.read())


def test_everything_the_marketplace_said_is_gathered(dossier: Dossier) -> None:
    said = {key: " | ".join(each.text for each in part) for key, _, part in dossier.parts}
    assert "A-77" in said["case"]
    assert "89.00 USD" in said["case"]
    assert "Arched floor lamp" in said["order"]
    assert "771288401296" in said["tracking"]
    assert "At the door" in said["tracking"]
    assert said["delivery_scan"] == "Delivered"
    assert "RMA-1" in said["return"]
    assert "10.00 USD Damaged" in said["refund"]
    assert "12.00 USD" in said["refund"]


def test_what_walmart_will_pay_back_is_not_called_paid(world: World, case: Case) -> None:
    with tenant_tx(case.tenant_id):
        Return.objects.update(refunded_at=None)
        found = gather(fresh(case), title="A-to-z claim")
    said = " | ".join(each.text for key, _, part in found.parts for each in part if key == "refund")
    assert "10.00 USD Damaged" in said
    assert "12.00" not in said


def test_the_correspondence_has_headers_and_sums_and_no_note(world: World, case: Case) -> None:
    reply_in(case.conversation, world.alice, OutboxState.SENT, handed_at=timezone.now())
    with tenant_tx(case.tenant_id):
        talk = Conversation.objects.get(pk=case.conversation_id)
        actions.add_note(talk, by=world.alice, body="She always complains.", now=timezone.now())
        letters = gather(fresh(case), title="A claim").statements["thread"]
    assert [each.text for each in letters] == ["They wrote", "We answered"]
    assert dict(letters[0].headers)["Subject"] == "Question about your order"
    assert "Where is my order?" in letters[0].body
    assert "SHA-256" in letters[0].source.words
    assert "complains" not in repr(letters)


def test_other_conversations_about_the_order_count_and_other_orders_do_not(world: World, case: Case) -> None:
    conversation_of(world.walmart, relay="a" * 32, order=ORDER, text="The second letter")
    conversation_of(world.walmart, relay="b" * 32, order="200011874402999", text="About something else")
    with tenant_tx(case.tenant_id):
        bodies = " ".join(each.body for each in gather(fresh(case), title="").statements["thread"])
    assert "The second letter" in bodies
    assert "something else" not in bodies


def test_what_the_warehouse_found_speaks_too(world: World, case: Case) -> None:
    now = timezone.now()
    with tenant_tx(case.tenant_id):
        WarehouseCheck.objects.create(
            conversation=case.conversation,
            account=case.account,
            state=CheckState.ANSWERED,
            question="Packed right?",
            asked_by=world.alice,
            asked_at=now,
            due_at=now,
            answer=CheckAnswer.PACKED_RIGHT,
            answered_by=world.wendy,
            answered_at=now,
            note="Weighed 4.2 kg",
            expires_at=now,
        )
        said = gather(fresh(case), title="").statements["warehouse"][0]
    assert said.text == "Packed as ordered. Weighed 4.2 kg"
    assert "Wendy Ware" in said.source.words


def test_a_checklist_says_what_is_here_and_what_is_missing() -> None:
    dossier = Dossier("A claim", "Lumen US", {"tracking": [Statement("FedEx 1", SOURCE)]})
    dossier.files = [StoredFile("box.png", "image/png", 3, "p", SOURCE)]
    wanted = [("tracking", "Tracking"), ("photos", "Pictures"), ("refund", "Refunds")]
    items = checklist(dossier, wanted)
    assert [(each.key, each.is_here, each.found) for each in items] == [
        ("tracking", True, "FedEx 1"),
        ("photos", True, "box.png"),
        ("refund", False, ""),
    ]


def test_a_notice_is_what_the_marketplace_wrote_and_no_correspondence(world: World) -> None:
    arrive(world.amazon, mails.claim(world.amazon))
    case = only_case(world.amazon)
    page = browser_of(world.alice).get(f"/t/acme/cases/{case.pk}/evidence/", htmx=True).content.decode()
    item = dict(re.findall(r'<b>([^<]*)</b>.*?<span class="meta cut"[^>]*>([^<]*)</span>', page, re.DOTALL))
    assert item["Everything buyer and seller wrote"] == "missing"
    assert item["The marketplace&#39;s own mail"] == "Action required on your order"
    # The mail names an order nobody has read.
    assert item["The order and its lines"] == f"Not read from Amazon yet: order {mails.AMAZON_ORDER}"
    assert page.count('data-here="yes"') == 1
    words = " ".join(text_of(content_of(made(case, world))))
    assert "They wrote" not in words
    written = words.partition("What the marketplace wrote")[2]
    assert "Jane Roe has filed an A-to-z Guarantee claim" in written
    assert "Message-ID" in written
    assert f"Not read from Amazon yet: order {mails.AMAZON_ORDER}" in words


def test_what_a_buyer_wrote_stays_correspondence_where_it_opened_the_case(world: World) -> None:
    case = case_on(conversation_of(world.walmart, order=ORDER))
    with tenant_tx(case.tenant_id):
        Case.objects.update(mail=only_message(case.conversation))
        gathered = gather(fresh(case), title="")
    assert [each.text for each in gathered.statements["thread"]] == ["They wrote"]
    assert "policy_text" not in gathered.statements


def test_every_statement_of_a_pack_leads_to_its_source(dossier: Dossier) -> None:
    heard: list[int] = []
    pdf = write(dossier, as_of=NOW, read=lambda _: picture(), progress=heard.append)
    words = " ".join(text_of(pdf.content))
    sources = words.partition("Sources")[2]
    numbers = dossier.sources()
    for _, _, part in dossier.parts:
        for statement in part:
            assert f"[{numbers[statement.source.key]}]" in words
    for source in dossier.source_list():
        assert f"[{numbers[source.key]}] {source.words[:40]}" in sources
    assert "12 March 2026, 14:06 UTC" in words
    assert pdf.statements == sum(len(part) for _, _, part in dossier.parts)
    assert heard == sorted(heard)
    assert heard[-1] == 100


def test_a_pack_shows_pictures_and_says_what_is_missing_on_its_first_page() -> None:
    dossier = Dossier("A claim", "Lumen DE", {"order": [Statement("Order 1", SOURCE)]})
    dossier.files = [
        StoredFile("box.png", "image/png", 3, "box", SOURCE),
        StoredFile("gone.png", "image/png", 3, "gone", SOURCE),
        StoredFile("broken.png", "image/png", 3, "broken", SOURCE),
        StoredFile("label.pdf", "application/pdf", 3, "label", SOURCE),
    ]
    content = {"box": picture(), "broken": b"no picture", "label": b"%PDF-1.4"}

    def read(path: str) -> bytes:
        if path not in content:
            raise FileNotFoundError(path)
        return content[path]

    pdf = write(dossier, as_of=NOW, read=read, progress=lambda _: None)
    first = text_of(pdf.content)[0]
    assert pdf.missing == [
        "gone.png: the file is not in the storage any more",
        "broken.png: the picture cannot be read",
    ]
    assert first.index("Missing: gone.png") < first.index("Order 1")
    assert sum(len(page.images) for page in PdfReader(io.BytesIO(pdf.content)).pages) == 1
    assert "Not shown here: label.pdf" in first


def test_a_phones_picture_stands_upright_and_does_not_say_where_it_was_taken() -> None:
    lying, taken = Image.new("RGB", (40, 30), "teal"), Image.Exif()
    taken[ORIENTATION] = 6  # to be turned by a quarter
    taken.get_ifd(GPS)[1] = "N"
    photo = io.BytesIO()
    lying.save(photo, "JPEG", exif=taken)
    dossier = Dossier("A claim", "Lumen DE", files=[StoredFile("box.jpg", "image/jpeg", 3, "box", SOURCE)])
    pdf = write(dossier, as_of=NOW, read=lambda path: photo.getvalue(), progress=lambda _: None)
    (shown,) = PdfReader(io.BytesIO(pdf.content)).pages[0].images
    assert shown.image is not None
    assert shown.image.size == (30, 40)
    assert not shown.image.getexif()


@pytest.mark.parametrize(
    "body",
    [
        "<b>& <para>",
        "ご注文の品が届きません",
        "Żółć, İstanbul, Größe",
        "line\x00\x0bbreak\ud83d",
        "x" * 20_000,
        "",
    ],
)
def test_whatever_a_buyer_writes_becomes_text(body: str) -> None:
    letter = Statement("They wrote", SOURCE, NOW, (("Subject", body[:50]),), body)
    dossier = Dossier("A claim", "Lumen JP", {"thread": [letter]})
    pdf = write(dossier, as_of=NOW, read=lambda _: b"", progress=lambda _: None)
    words = "".join(each for page in text_of(pdf.content) for each in page if each.isalpha())
    plain = "".join(each for each in body if each.isalpha() and ord(each) < 0x500)
    assert plain[:40] in words


def test_one_pack_is_made_however_often_it_is_asked_for(world: World, case: Case) -> None:
    file_in(only_message(case.conversation), picture())
    with tenant_tx(case.tenant_id):
        first = packing.ask(fresh(case), by=world.alice, now=timezone.now())
        assert packing.ask(fresh(case), by=world.leo, now=timezone.now()).pk == first.pk
    assert packing.make(first.pk, tenant_id=case.tenant_id, clock=timezone.now)
    assert not packing.make(first.pk, tenant_id=case.tenant_id, clock=timezone.now)
    with tenant_tx(case.tenant_id):
        pack = EvidencePack.objects.get()
        assert Event.objects.filter(kind="pack_ready").count() == 1
    assert (pack.state, pack.percent, pack.missing) == (PackState.READY, 100, [])
    assert text_of(content_of(pack))[0].startswith("A-to-z claim")


def test_a_pack_whose_maker_died_is_made_by_the_next(world: World, case: Case) -> None:
    now = timezone.now()
    with tenant_tx(case.tenant_id):
        pack = packing.ask(fresh(case), by=world.alice, now=now)
    dead = packing.claim(pack.pk, tenant_id=case.tenant_id, now=now)
    assert dead is not None
    assert packing.claim(pack.pk, tenant_id=case.tenant_id, now=now + packing.LEASE / 2) is None
    assert packing.make(pack.pk, tenant_id=case.tenant_id, clock=lambda: now + packing.LEASE)


def test_a_pack_that_always_kills_its_maker_is_given_up_with_a_sentence(world: World, case: Case) -> None:
    now = timezone.now()
    with tenant_tx(case.tenant_id):
        pack = packing.ask(fresh(case), by=world.alice, now=now)
    for turn in range(packing.TRIES):
        assert packing.claim(pack.pk, tenant_id=case.tenant_id, now=now + packing.LEASE * turn)
    assert not packing.make(pack.pk, tenant_id=case.tenant_id, clock=lambda: now + packing.LEASE * 9)
    with tenant_tx(case.tenant_id):
        given_up = EvidencePack.objects.get()
    assert (given_up.state, given_up.next_at, given_up.fault) == (PackState.FAILED, None, packing.FAILED)


def test_a_lost_attachment_marks_the_pack_and_does_not_stop_it(world: World, case: Case) -> None:
    file = file_in(only_message(case.conversation), picture())
    default_storage.delete(file.path)
    pack = made(case, world)
    assert pack.state == PackState.READY
    assert pack.missing == ["photo.png: the file is not in the storage any more"]


@pytest.mark.parametrize(
    ("text", "file", "sentence"),
    [
        ("  ", None, "Write what you know"),
        ("x" * 2001, None, "2,000 characters at most"),
        ("", SimpleUploadedFile("a.exe", b"MZ\x90\x00" + b"\0" * 60), "Only these can be added"),
        ("", SimpleUploadedFile("a.png", b"<svg onload=alert(1)>"), "Only these can be added"),
        ("", SimpleUploadedFile("big.png", picture() + b"\0" * adding.LARGEST), "15 MB at most"),
    ],
)
def test_what_cannot_be_evidence_is_refused(
    world: World, case: Case, text: str, file: Any, sentence: str
) -> None:
    with tenant_tx(case.tenant_id):
        with pytest.raises(Refused, match=sentence):
            adding.add(fresh(case), by=world.alice, key="other", text=text, file=file, now=timezone.now())
        assert not EvidenceFile.objects.exists()


@pytest.fixture
def pages(case: Case, world: World) -> tuple[Browser, str]:
    """Alice's browser and the address of the case."""
    return browser_of(world.alice), f"/t/acme/cases/{case.pk}/"


@pytest.mark.parametrize("htmx", [False, True])
def test_evidence_is_added_shown_and_taken_away(pages: tuple[Browser, str], case: Case, htmx: bool) -> None:
    alice, at = pages
    file = SimpleUploadedFile("../scale.png", picture())
    shown = alice.post(
        f"{at}evidence/", {"key": "photos", "text": "Weighed", "file": file}, htmx=htmx, follow=True
    )
    with tenant_tx(case.tenant_id):
        row = EvidenceFile.objects.get()
    assert (row.name, row.content_type) == ("scale.png", "image/png")
    assert 'id="evidence-' in shown.content.decode()
    assert "Weighed" in shown.content.decode()
    assert b"".join(alice.get(f"{at}evidence/{row.pk}/").streaming_content) == picture()
    gone = alice.post(f"{at}evidence/{row.pk}/removal/", htmx=htmx, follow=True)
    assert "Weighed" not in gone.content.decode()
    assert not default_storage.exists(row.path)
    again = alice.post(f"{at}evidence/{row.pk}/removal/", htmx=htmx, follow=True)
    assert "has been removed already" in again.content.decode()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"key": "x" * 40, "text": "Weighed"}, "Choose what it is about."),
        ({"key": "nothing we know", "text": "Weighed"}, "Choose what it is about."),
        ({"key": "other", "text": "Wei\x00ghed"}, "Null characters are not allowed."),
        ({"key": "other", "text": ""}, "Write what you know, or choose a file."),
        ({"key": "other", "file": SimpleUploadedFile("a.png", b"")}, "That file is empty."),
    ],
)
def test_a_strange_form_is_answered_with_a_sentence(
    pages: tuple[Browser, str], case: Case, given: dict[str, Any], sentence: str
) -> None:
    alice, at = pages
    answer = alice.post(f"{at}evidence/", given)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    with tenant_tx(case.tenant_id):
        assert not EvidenceFile.objects.exists()


@pytest.mark.parametrize("htmx", [False, True])
def test_a_pack_is_asked_for_watched_and_fetched(pages: tuple[Browser, str], case: Case, htmx: bool) -> None:
    alice, at = pages
    waiting = alice.post(f"{at}packs/", htmx=htmx, follow=True).content.decode()
    assert "Waits to be made" in waiting
    assert "every 1s" in waiting
    with tenant_tx(case.tenant_id):
        pack = EvidencePack.objects.get()
    assert alice.get(f"{at}packs/{pack.pk}/").status_code == 404
    packing.make(pack.pk, tenant_id=case.tenant_id, clock=timezone.now)
    ready = alice.get(f"{at}evidence/", htmx=htmx).content.decode()
    assert f"{at}packs/{pack.pk}/" in ready
    assert "every 1s" not in ready
    answer = alice.get(f"{at}packs/{pack.pk}/")
    assert answer["Content-Type"] == "application/pdf"
    assert b"".join(answer.streaming_content).startswith(b"%PDF")


def test_a_running_case_keeps_its_evidence_and_a_settled_one_lets_go(world: World, case: Case) -> None:
    file_in(only_message(case.conversation), picture())
    with tenant_tx(case.tenant_id):
        upload = SimpleUploadedFile("a.png", picture())
        row = adding.add(fresh(case), by=world.alice, key="other", text="x", file=upload, now=timezone.now())
    pack = made(case, world)
    late = timezone.now() + timedelta(minutes=1)
    with tenant_tx(case.tenant_id):
        EvidenceFile.objects.update(expires_at=late)
        EvidencePack.objects.update(expires_at=late)
    assert forgetting.purge_evidence(case.tenant_id, now=late) == 0
    with tenant_tx(case.tenant_id):
        Case.objects.update(decided_at=late)
    assert forgetting.purge_evidence(case.tenant_id, now=late) == 0
    settled = late + forgetting.APPEALS_END
    assert forgetting.purge_evidence(case.tenant_id, now=settled) == 2
    assert not default_storage.exists(pack.path)
    assert not default_storage.exists(row.path)
    with tenant_tx(case.tenant_id):
        assert EvidenceFile.objects.get().text == ""
        assert Attachment.objects.count() == 1
    assert forgetting.purge_evidence(case.tenant_id, now=settled) == 0


def test_a_pack_whose_time_comes_while_it_is_made_leaves_no_file(world: World, case: Case) -> None:
    now = timezone.now()
    with tenant_tx(world.acme.pk):
        pack = packing.ask(fresh(case), by=world.alice, now=now)
        EvidencePack.objects.update(expires_at=now)
        Case.objects.update(decided_at=now - timedelta(days=46))

    def clock() -> datetime:
        # The hourly purge falls into the making of it.
        with tenant_tx(world.acme.pk):
            making = EvidencePack.objects.filter(state=PackState.MAKING).exists()
        if making:
            forgetting.purge_evidence(world.acme.pk, now=now + timedelta(minutes=1))
        return now + timedelta(seconds=10)

    assert not packing.make(pack.pk, tenant_id=world.acme.pk, clock=clock)
    with tenant_tx(world.acme.pk):
        assert EvidencePack.objects.get(pk=pack.pk).path == ""
    packs = f"tenant/{world.acme.pk}/packs"
    assert not default_storage.exists(packs) or default_storage.listdir(packs)[1] == []


def test_a_purged_conversation_makes_no_pack(world: World, case: Case) -> None:
    with tenant_tx(case.tenant_id):
        Conversation.objects.update(purged_at=timezone.now())
        with pytest.raises(Refused, match="were deleted"):
            packing.ask(fresh(case), by=world.alice, now=timezone.now())
