import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.parsed import MailKind
from marketplaces.mailbox.rulebook import FOLDER, RulesError, load, rulebook
from tests.mailbox.samples import AMAZON, DASHES, ORDER, mail

FINNISH = """
version = 1
name = "Suomi"
[amazon.markers]
begin = ["viestin alku"]
end = ["viestin loppu"]
[amazon.senders.refund]
subjects = ["hyvitys"]
[amazon.labels]
order = ["tilausnumero"]
[quotes]
wrote_ends = ["kirjoitti:"]
"""
MISTAKES = [
    ("amazon.toml", 'kind = "claim"', 'kind = "calim"', "[[senders]] 2 kind: there is no kind"),
    ("amazon.toml", 'REFUND_ISSUED = "refund_notice"', 'REFUND_ISSUED = "refund"', "called 'refund'"),
    ("amazon.toml", 'marketplace = "amazon"', "", "marketplace must be a str"),
    ("amazon.toml", "version = 2", "", "version must be a int"),
    ("amazon.toml", "item_pattern = '", "item_pattern = '(", "item_pattern is no pattern"),
    ("amazon.toml", 'local_parts = ["community-help"]', "local_parts = []", "fits every mail"),
    ("amazon.toml", 'kind = "public_question"', 'kind = "notice"\nbecause = 1', "unknown key because"),
    ("amazon.toml", "tlds = [", "tlds = [1, ", "holds 1 where words belong"),
    ("amazon.toml", "[on_behalf]", "[on_behalf", "cannot be read"),
    ("kinds.toml", "filing = 1\n", 'filing = "first"\n', "[buyer_message]: filing must be a int"),
    ("shared.toml", "bounce_senders = [", "bounce_sender = [", "bounce_senders must be a list"),
    ("languages/de.toml", 'name = "Deutsch"', "", "name must be a str"),
    ("languages/de.toml", '"dezember",', "", "months must be twelve, not 11"),
    ("languages/de.toml", "[amazon.frame]", "[amazon.frames]", "unknown key frames"),
    ("languages/de.toml", 'reason = ["grund"]', 'colour = ["grund"]', "[labels]: unknown key colour"),
    ("languages/de.toml", '"innerhalb von {n} stunden"', '"bald"', "hours: 'bald' needs {n}"),
    ("languages/de.toml", "[amazon.senders.answer_copy]", "[amazon.senders.copy]", "no worded rule"),
    ("languages/fr.toml", '"fin du message"', '"début du message"', "both begins and ends"),
    ("languages/it.toml", 'details = ["dettagli"]', 'details = ["motivo"]', "stands for reason and details"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rules, to be spoilt."""
    return Path(shutil.copytree(FOLDER, tmp_path / "rules"))


@pytest.mark.parametrize(("name", "old", "new", "complaint"), MISTAKES)
def test_a_mistake_is_one_sentence_with_file_and_key(
    folder: Path, name: str, old: str, new: str, complaint: str
) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    with pytest.raises(RulesError) as error:
        load(folder)
    assert str(error.value).startswith(name)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "shared.toml").unlink()
    with pytest.raises(RulesError, match=r"shared\.toml cannot be read"):
        load(folder)


def test_a_rule_no_language_has_words_for_is_named(folder: Path) -> None:
    path = folder / "languages" / "en.toml"
    path.write_text(re.sub(r"\[amazon\.senders\.opt_out\]\n.*\n", "", path.read_text()))
    with pytest.raises(RulesError, match=r"amazon\.toml .*opt_out is worded, and no language has words"):
        load(folder)


def test_a_bad_file_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    start = (
        "import pathlib, marketplaces.mailbox.rulebook as book;"
        f"book.FOLDER = pathlib.Path({str(tmp_path)!r});"
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'helpdesk.settings'; django.setup()"
    )
    ended = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The rules for reading mail are wrong. shared.toml cannot be read")
    assert "Traceback" not in ended.stderr


def test_another_language_is_another_file_and_nothing_else(folder: Path) -> None:
    before = load(folder)
    text = (
        f"Tilausnumero: {ORDER}\n\n{DASHES} Viestin alku {DASHES}\n\nMissä mukini on?\n\n"
        f"ma 16.11.2026 klo 9 Myyjä kirjoitti:\n> Hei\n\n{DASHES} Viestin loppu {DASHES}\n"
    )
    refund = mail(headers={"From": "do-not-reply@amazon.de", "Subject": "Hyvitys tilauksesta"}, text="x")
    assert parse(refund, AMAZON, before).kind is MailKind.NOTICE
    (folder / "languages" / "fi.toml").write_text(FINNISH)
    after = load(folder)
    found = parse(mail(text=text), AMAZON, after)
    assert (found.text, found.order_ids) == ("Missä mukini on?", (ORDER,))
    assert parse(refund, AMAZON, after).kind is MailKind.REFUND_NOTICE
    assert after.mark != before.mark
    assert after.versions["fi"] == 1


def test_every_amazon_country_has_its_domains() -> None:
    amazon = rulebook().marketplaces["amazon"]
    assert len(amazon.relay_domains) == 22
    assert "marketplace.amazon.com.mx" in amazon.relay_domains
    assert amazon.is_sender("bounces.amazon.co.uk")
    assert not amazon.is_sender("notamazon.com")
