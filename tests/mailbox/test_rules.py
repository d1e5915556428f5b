from pathlib import Path

import pytest

from marketplaces.mailbox.rules import FOLDER, MARKETPLACES, RulesError, load_marketplace, load_shared

AMAZON_FILE = (FOLDER / "amazon.toml").read_text()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"claim"\nlocal', '"calim"\nlocal', "there is no kind of mail called 'calim'"),
        ('REFUND_ISSUED = "refund_notice"', 'REFUND_ISSUED = "refund"', "no kind of mail called 'refund'"),
        ('marketplace = "amazon"', "", "marketplace must be a str"),
        ('begin = [', 'beginn = [', "begin must be a list"),
        ('"end message",', '"end message", "message",', "both begin and end"),
        ('sku = ["sku"', 'colour = ["sku"', "no field called 'colour'"),
        ('item_id = ["asin"]', 'item_id = ["sku"]', "stands for"),
        ('"within {n} hours"', '"within hours"', "every phrase needs {n}"),
        ('unit = "hours"', 'unit = "weeks"', "unit must be one of"),
        ("item_pattern = '", "item_pattern = '(", "item_pattern is no pattern"),
        ('local_parts = ["community-help"]', "local_parts = []", "fits every mail"),
        ('kind = "public_question"', 'kind = "public_question"\nbecause = "x"', "unknown key because"),
        ('tlds = [', 'tlds = [1, ', "holds 1 where words belong"),
        ('[markers]', '[markers', "cannot be read"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_rules_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in AMAZON_FILE
    path = tmp_path / "amazon.toml"
    path.write_text(AMAZON_FILE.replace(old, new, 1))
    with pytest.raises(RulesError) as error:
        load_marketplace(path)
    assert complaint in str(error.value)
    assert str(error.value).startswith("amazon.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"shared\.toml cannot be read"):
        load_shared(tmp_path / "shared.toml")


def test_every_amazon_country_has_its_domains() -> None:
    amazon = MARKETPLACES["amazon"]
    assert len(amazon.relay_domains) == 22
    assert "marketplace.amazon.com.mx" in amazon.relay_domains
    assert amazon.is_sender("bounces.amazon.co.uk")
    assert not amazon.is_sender("notamazon.com")
