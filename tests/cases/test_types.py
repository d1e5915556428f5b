"""The case types are data, and a mistake in them is a sentence that names the place."""

import pytest

from cases.models import Case, CaseOutcome, Stage
from cases.types import PATH, STAGES, TypesError, read, type_of, types
from marketplaces.types import MARKETS

EVERY_TYPE = {
    *("atoz_claim", "information_request", "chargeback", "cancel_request", "return_request", "return_open"),
    *("return_received", "walmart_refund", "item_not_received", "return_dispute", "escalation"),
    *("complaint", "performance_alarm", "safe_t"),
}
MISTAKES = {
    "key = 'b'\n": "unknown key",
    "[[type.stage]]\nstage = 'court'\ntext = 'x'\n": "no stage called 'court'",
    "[[type.stage]]\nstage = 'seller'\ntext = 'x'\npromise = 'nothing'\n": "promises no nothing",
    "[[type.stage]]\nstage = 'seller'\ntext = 'x'\nlinks = ['moon']\n": "no link called moon",
    "[[type.stage]]\nstage = 'decided'\ntext = 'x'\n": "each stage stands once",
    "[[type.stage]]\nstage = 'seller'\n": "text is missing",
    "[[type.stage]]\nstage = 'seller'\ntext = 'At {moon}'\n": "only {site} and {marketplace} are filled in",
    "[[type.stage]]\nstage = 'seller'\ntext = 'x'\ntext_lost = 'y'\n": "stand together",
    "[[type.stage]]\nstage = 'seller'\ntext = 'x'\nwhen_lost = true\n": "what to do once it is lost",
}


def test_the_file_has_every_type() -> None:
    assert set(types()) == EVERY_TYPE
    assert set(Stage.values) == set(STAGES)


def test_each_type_says_what_to_do_where_it_may_stand_and_what_proves_it() -> None:
    longest = Case._meta.get_field("type").max_length
    for kind in types().values():
        assert len(kind.key) <= (longest or 0)
        assert kind.evidence
        for stage in kind.stages:
            for market, facts in MARKETS.items():
                if facts.marketplace in kind.marketplaces:
                    said = stage.said(market)
                    assert said
                    assert "{" not in said
                    for link in stage.links:
                        address = link.address(market, order="1 2", reference="")
                        assert address == "" or address.startswith("https://seller")
                        assert " " not in address


@pytest.mark.parametrize("outcome", CaseOutcome.values)
def test_what_is_said_of_a_decision_is_true_of_its_outcome(outcome: str) -> None:
    lost = outcome in (CaseOutcome.LOST, CaseOutcome.PARTLY)
    for kind in types().values():
        for market, facts in MARKETS.items():
            if facts.marketplace in kind.marketplaces:
                said = kind.facts(Stage.DECIDED).said(market, outcome)
                assert "{" not in said
                assert "Record what" not in said
                assert "inish th" in said
                if not lost:
                    assert "against you, at least in part" not in said
                    assert "within 30 days" not in said
    appeal = type_of("atoz_claim").facts(Stage.DECIDED).said("amazon-de", outcome)
    assert ("appeal at Seller Central within 30 days" in appeal) is lost


def test_a_type_the_file_has_no_more_can_still_be_shown() -> None:
    assert type_of("shipment_claim").title == "Shipment claim"


@pytest.mark.parametrize("addition", MISTAKES)
def test_a_mistake_is_named(addition: str) -> None:
    whole = (
        "[evidence]\norder = 'x'\n[[type]]\nkey = 'a'\ntitle = 'A'\nlabel = 'A'\nmarketplaces = ['amazon']\n"
        "opened_by = ['hand']\nevidence = ['order']\n[[type.stage]]\nstage = 'decided'\ntext = 'x'\n"
    )
    assert set(read(whole)) == {"a"}
    with pytest.raises(TypesError, match=MISTAKES[addition]):
        read(whole + addition)


def test_the_same_type_twice_is_named() -> None:
    text = PATH.read_text("utf-8")
    with pytest.raises(TypesError, match="atoz_claim stands twice"):
        read(text + text[text.index("[[type]]") : text.index("[[type]]", text.index("[[type]]") + 1)])
