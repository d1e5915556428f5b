import base64
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplaces.mailbox.mime import MAX_TEXT_BYTES, take_apart
from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import ParsedMail
from tests.mailbox.samples import AMAZON, mail

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def read(raw: bytes) -> ParsedMail:
    return parse(raw, AMAZON)


def with_files(*files: tuple[str, str, bytes]) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Jane <abc@marketplace.amazon.com>"
    message.set_content("See the photo.\n")
    for name, content_type, content in files:
        maintype, _, subtype = content_type.partition("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return message


def test_files_keep_their_bytes_and_show_their_true_type() -> None:
    raw = with_files(
        ("photo.jpg", "image/jpeg", PNG),
        ("winmail.dat", "application/ms-tnef", b"\x78\x9f\x3e\x22"),
        ("notes.csv", "text/csv", b"a,b\n"),
        ("fake.pdf", "application/pdf", b"nothing of the kind"),
    ).as_bytes(policy=policy.SMTP)
    found = read(raw)
    assert found.text == "See the photo."
    assert [(part.name, part.content_type) for part in found.attachments] == [
        ("photo.jpg", "image/png"),
        ("winmail.dat", "application/ms-tnef"),
        ("notes.csv", "text/csv"),
        ("fake.pdf", "application/octet-stream"),
    ]
    assert found.attachments[0].declared_type == "image/jpeg"
    assert found.attachments[0].content == PNG
    assert found.attachments[0].size == len(PNG)


NAMES = {
    'filename="../../etc/passwd"': "passwd",
    'filename="C:\\\\temp\\\\photo.png"': "photo.png",
    "filename*=utf-8''caf%C3%A9.png": "café.png",
    'filename="=?utf-8?q?caf=C3=A9=2Epng?="': "café.png",
    'filename*0="ca"; filename*1="fe.png"': "cafe.png",
    'filename="a\u202egnp.exe"': "agnp.exe",
    'filename="..."': "part-1.png",
    'filename=""': "part-1.png",
    "filename=" + "x" * 500 + ".png": "x" * 139 + ".png",
}


@pytest.mark.parametrize("disposition", NAMES)
def test_names_of_files_are_decoded_and_made_safe(disposition: str) -> None:
    raw = (
        b"From: a@b.example\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n"
        b"Content-Disposition: attachment; " + disposition.encode() + b"\n\n" + base64.encodebytes(PNG)
    )
    (part,) = read(raw).attachments
    assert part.name == NAMES[disposition]
    assert part.content == PNG


def test_an_inline_picture_is_kept_by_its_id() -> None:
    message = EmailMessage()
    message["From"] = "Jane <abc@marketplace.amazon.com>"
    message.set_content("See below")
    message.add_alternative(
        '<p>See <img src="cid:pic@x"><img src="http://t.example/x.gif"></p>', subtype="html"
    )
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(PNG, "image", "png", cid="<pic@x>")
    found = read(message.as_bytes())
    assert [(part.content_id, part.inline) for part in found.attachments] == [("pic@x", True)]
    assert '<img src="cid:pic@x">' in found.html
    assert "t.example" not in found.html


def test_a_forwarded_mail_becomes_a_file() -> None:
    outer = with_files()
    inner = EmailMessage()
    inner["Subject"] = "Inner"
    inner.set_content("Inner words")
    outer.add_attachment(inner)
    found = read(outer.as_bytes())
    (part,) = found.attachments
    assert part.name.endswith(".eml")
    assert part.content_type == "message/rfc822"
    assert b"Inner words" in part.content
    assert "Inner words" not in found.full_text


def test_text_around_a_picture_is_joined_in_order() -> None:
    raw = (
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n"
        b"--x\nContent-Type: text/plain\n\nBefore\n"
        b"--x\nContent-Type: image/png; name=a.png\n\nPNG\n--x\nContent-Type: text/html\n\n<p>Between</p>\n"
        b"--x\nContent-Type: text/plain\n\nAfter\n--x--\n"
    )
    found = read(raw)
    assert found.full_text.split() == ["Before", "Between", "After"]
    assert len(found.attachments) == 1


def test_a_stub_beside_full_html_is_not_the_text() -> None:
    raw = mail(
        text="View as HTML", html="<p>Where is my order? It was due last Friday and I am waiting for it.</p>"
    )
    assert read(raw).text.startswith("Where is my order?")


def test_beyond_the_limits_the_rest_is_left_out_and_said_so() -> None:
    many = read(with_files(*[(f"{n}.png", "image/png", PNG) for n in range(62)]).as_bytes())
    assert len(many.attachments) == 50
    assert "more than 50 attachments, 12 left out" in many.oddities
    parts = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nhi\n" * 500
    assert any("more than 100 parts" in oddity for oddity in read(parts).oddities)
    long = read(mail(text="Hello\n" + "x" * (MAX_TEXT_BYTES + 5)))
    assert any("2 MB" in oddity for oddity in long.oddities)
    assert long.text.startswith("Hello")
    for line in (b"X-1: y\n", b" y\n"):
        lines = b"Subject: kept\n" + line * 2000 + b"From: lost@b.example\r\n\r\nHello"
        found = read(lines)
        assert "more than 1000 header lines, the rest left out" in found.oddities
        assert (found.subject[:4], found.from_address, found.text) == ("kept", "", "Hello")


FROM = b"From: a@b.example\n"
CHARSET = FROM + b"Content-Type: text/plain; charset="
BASE64 = FROM + b"Content-Transfer-Encoding: base64\n\n"
MIXED = FROM + b"Content-Type: multipart/mixed; boundary=a\n\n"
BROKEN = {
    "empty": (b"", "This mail has no readable text."),
    "only line ends": (b"\r\n\r\n", "This mail has no readable text."),
    "no header": (b"just words\nand more", "just words\nand more"),
    "no blank line": (FROM + b"Subject: x\nHello there\nBye", "Hello there\nBye"),
    "bare carriage returns": (b"From: a@b.example\r\rHello\rBye", "Hello\nBye"),
    "byte order mark": (b"\xef\xbb\xbf" + FROM + b"\nHello", "Hello"),
    "utf-16": ("From: a@b.example\n\nHéllo".encode("utf-16"), "Héllo"),
    "unix mailbox": (b"From a@b Mon Nov 16 10:00:00 2026\n" + FROM + b"\nHello", "Hello"),
    "nul": (FROM + b"Subject: a\0b\n\nHe\0llo", "Hello"),
    "undeclared utf-8": (FROM + "\nHéllo".encode(), "Héllo"),
    "undeclared iso-2022-jp": (FROM + b"\n" + "日本語".encode("iso2022_jp"), "日本語"),
    "undeclared utf-16": (FROM + b"\n" + "Héllo".encode("utf-16"), "Héllo"),
    "wrong charset": (CHARSET + "utf-8\n\nHéllo".encode("latin-1"), "Héllo"),
    "unknown charset": (CHARSET + "x-foo\n\nHéllo".encode(), "Héllo"),
    "charset of bytes": (CHARSET + b"hex\n\nHello", "Hello"),
    "hostile charset": (CHARSET + b"punycode\n\nHello", "Hello"),
    "iso-2022-jp": (CHARSET + b"iso-2022-jp\n\n" + "日本語".encode("iso2022_jp"), "日本語"),
    "gb18030": (CHARSET + b"gb2312\n\n" + "中文\u3400".encode("gb18030"), "中文\u3400"),
    "base64 without padding": (BASE64 + b"SGVsbG8", "Hello"),
    "base64 with one letter too many": (BASE64 + b"SGVsbG8gdGhlA", "Hello the"),
    "not base64": (BASE64 + b"Where is it? It's late!!", "Where is it? It's late!!"),
    "unknown encoding": (FROM + b"Content-Transfer-Encoding: zip\n\nHello", "Hello"),
    "wrong boundary": (MIXED + b"--b\nContent-Type: text/plain\n\nHello\n--b--", "Hello"),
    "no boundary": (FROM + b"Content-Type: multipart/mixed\n\nHello", "Hello"),
    "open boundary": (MIXED + b"--a\n\nHello", "Hello"),
    "boundary prefix": (MIXED + b"--a\n\nHello\n--ab\nBye\n--a--", "Hello\n--ab\nBye"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_mail_still_gives_its_words(name: str) -> None:
    raw, text = BROKEN[name]
    assert read(raw).text == text


def leaves(message: Message) -> list[tuple[str, object]]:
    return [
        (part.get_content_type(), part.get_payload(decode=True))
        for part in message.walk()
        if not part.is_multipart()
    ]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(
        st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60),
        max_size=4,
    ),
    files=st.lists(st.binary(max_size=200), max_size=4),
    crlf=st.booleans(),
)
def test_a_sound_mail_is_taken_apart_as_the_standard_parser_does(
    texts: list[str], files: list[bytes], crlf: bool
) -> None:
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content("First\n")
    for text in texts:
        message.add_attachment(text, filename="a.txt")
    for content in files:
        message.add_attachment(content, maintype="application", subtype="x-test", filename="a.bin")
    raw = message.as_bytes(policy=policy.SMTP if crlf else policy.default)
    expected = leaves(BytesParser(policy=policy.compat32).parsebytes(raw))
    mine = take_apart(raw)
    assert [block.plain.rstrip("\r\n") for block in mine.blocks] == ["First"]
    assert [part.content for part in mine.attachments] == [content for _, content in expected[1:]]
    assert [part.declared_type for part in mine.attachments] == [kind for kind, _ in expected[1:]]
