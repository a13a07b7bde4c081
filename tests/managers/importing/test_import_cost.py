"""Importing thousands of lines costs what reading them costs."""

from __future__ import annotations

import time

import pytest

from jailpf.managers.importing.drafts import ServiceDraft, grouped, of_both_families, of_both_protocols
from jailpf.managers.importing.language.words import NUMBER
from jailpf.values import Port

MANY = range(1000, 6000)


@pytest.mark.exam
def test_drafts_are_tried_with_those_that_are_alike() -> None:
    """Not with all: 5,000 ports were 12 million trials."""
    drafts = [
        ServiceDraft(proto=(proto,), pairs=((Port(port, port), Port(port, port)),), to={family: ()})
        for port in MANY
        for family in ("inet", "inet6")
        for proto in ("tcp", "udp")
    ]
    since = time.monotonic()
    folded = grouped(of_both_protocols(of_both_families(drafts)))
    assert time.monotonic() - since < 5
    assert len(of_both_families(drafts)) == 2 * len(MANY)
    assert len(of_both_protocols(of_both_families(drafts))) == len(MANY)
    assert all(set(draft.to) == {"inet", "inet6"} and draft.proto == ("tcp", "udp") for draft in folded)


def test_digits_of_other_scripts_are_no_numbers() -> None:
    """int() takes some of them, and raises for others."""
    assert [bool(NUMBER.fullmatch(word)) for word in ("80", "\u00b2", "\u0663", "", "9" * 5000)] == [True] + [False] * 4
