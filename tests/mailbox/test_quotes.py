import pytest

from marketplaces.mailbox.quotes import fold_quote
from marketplaces.mailbox.rulebook import rulebook

CASES = {
    "nothing quoted": ("Hello\n\nBye", "Hello\n\nBye"),
    "trailing quote": ("Yes.\n\nOn Mon, Nov 16, Shop <s@x.example> wrote:\n> One?\n> Two?", "Yes."),
    "announced over two lines": (
        "Yes.\nOn Mon, Nov 16, 2026 at 10:00 AM Shop\n<s@x.example> wrote:\n\n> One?",
        "Yes.",
    ),
    "german": (
        "Ja.\n\nAm 16.11.2026 um 10:00 schrieb Shop:\n> Eins?",
        "Ja.\n\nAm 16.11.2026 um 10:00 schrieb Shop:",
    ),
    "german, the usual form": ("Ja.\n\nAm Mo., 16. Nov. 2026, Shop <s@x.example> schrieb:\n> Eins?", "Ja."),
    "french": ("Oui.\n\nLe lun. 16 nov. 2026, Shop a écrit :\n> Un ?", "Oui."),
    "without marks": ("Yes.\n\nOn Mon, Nov 16, Shop wrote:\n\nOne?\nTwo?", "Yes."),
    "original message": ("Yes.\n\n-----Original Message-----\nFrom: Shop\n\nOne?", "Yes."),
    "outlook head": ("Yes.\n\nFrom: Shop\nSent: Monday\nTo: Jane\nSubject: Re: x\n\nOne?", "Yes."),
    "head in paragraphs": ("Yes.\n\nFrom: Shop\n\nSent: Monday\n\nTo: Jane\n\nOne?", "Yes."),
    "german head": ("Ja.\n\nVon: Shop\nGesendet: Montag\nAn: Jane\nBetreff: x\n\nEins?", "Ja."),
    "inline answers stay": (
        "See below.\nOn Mon, Shop wrote 1:\n> One?\nyes\n> Two?\nno",
        "See below.\nOn Mon, Shop wrote 1:\n> One?\nyes\n> Two?\nno",
    ),
    "inline answers, then a quote": (
        "On 1 Nov, Shop wrote:\n> One?\nyes\n> Two?\n> Three?",
        "On 1 Nov, Shop wrote:\n> One?\nyes",
    ),
    "answer below the quote": (
        "On 1 Nov, Shop wrote:\n> One?\n\nYes.",
        "On 1 Nov, Shop wrote:\n> One?\n\nYes.",
    ),
    "only a quote": ("> One?\n> Two?", "> One?\n> Two?"),
    "a person who wrote": ("My neighbour wrote:\nno parcel came.", "My neighbour wrote:\nno parcel came."),
    "two header-like lines": (
        "From: Berlin\nTo: Paris\nit took a month",
        "From: Berlin\nTo: Paris\nit took a month",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_only_the_quotation_at_the_end_is_folded(name: str) -> None:
    text, kept = CASES[name]
    assert fold_quote(text, rulebook().shared) == kept


@pytest.mark.parametrize("line", ["On On On ", "On x wrote: ", "> ", "From: ", "-----", "wrote:\n"])
def test_a_megabyte_of_what_looks_like_quotes_is_read_in_one_pass(line: str) -> None:
    text = line * (1_000_000 // len(line))
    assert fold_quote(text, rulebook().shared)
    assert fold_quote("Hello\n" + text, rulebook().shared).startswith("Hello")
