"""Every word of every rule and every domain has a sample, and each sample is read as what it is."""

from collections import Counter
from operator import attrgetter
from pathlib import Path

import pytest

from marketplaces.mailbox.parse import parse
from marketplaces.mailbox.rulebook import rulebook
from tests.mailbox import rule_samples
from tests.mailbox.rule_samples import samples


def test_every_rule_and_every_domain_is_read_as_it_says() -> None:
    faults, read, aliases = [], Counter[str](), set()
    for sample in samples():
        found = parse(sample.raw, sample.context)
        read[sample.rule.partition(" ")[0]] += 1
        aliases.add(found.relay_alias.rpartition("@")[2])
        faults += [
            f"{sample.rule}: {name} is {attrgetter(name)(found)!r}, not {wanted!r}"
            for name, wanted in sample.expected.items()
            if attrgetter(name)(found) != wanted
        ]
    assert faults == []
    assert set(read) == set(rulebook().versions) - {"kinds"}
    for rules in rulebook().marketplaces.values():
        assert rules.relay_domains <= aliases


def test_a_rule_without_a_sample_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "amazon.toml").write_text('tlds = ["com"]\nsmoke_signals = ["three puffs"]\n')
    monkeypatch.setattr(rule_samples, "FOLDER", tmp_path)
    with pytest.raises(LookupError, match=r"amazon\.toml: no sample is made for amazon\.smoke_signals"):
        list(samples())
