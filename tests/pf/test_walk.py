"""What `pfctl -a '*'` prints, divided by anchors; and what `-n -v` prints of a batch."""

from __future__ import annotations

import pytest

from jailpf.pf import batch, walk

NAT = """\
nat on em0 inet from 10.0.0.0/8 to any -> (em0:0) round-robin
nat-anchor "jailpf/*" all {
  nat-anchor "web" all {
    nat on em0 inet from 172.16.1.1 to any tag jailpf.out/web -> (em0:0)
    rdr on em0 inet proto tcp from any to (em0:0) port = 80 -> { 172.16.1.1, 172.16.1.2 } round-robin
  }
  nat-anchor "db" all {
  }
}
rdr-anchor "jailpf/*" all {
  nat-anchor "web" all {
    nat on em0 inet from 172.16.1.1 to any tag jailpf.out/web -> (em0:0)
    rdr on em0 inet proto tcp from any to (em0:0) port = 80 -> { 172.16.1.1, 172.16.1.2 } round-robin
  }
  nat-anchor "db" all {
    rdr on em0 inet proto tcp from any to (em0:0) port = 81 -> 172.16.1.3
  }
}
"""
RULES = """\
block drop all
anchor "jailpf/*" on em0 all {
  anchor "web" all {
    pass quick inet from any to 172.16.1.1 label "jailpf/web"
    anchor "deeper" all {
      pass all
    }
    anchor all {
      block drop quick all
    }
  }
}
anchor "bastille" all {
  pass in on em0 all
}
anchor "/other/*" all {
  anchor "x" all {
    pass all
  }
}
"""


def test_each_anchor_has_its_rules() -> None:
    """By its path from the main ruleset; one that is called twice once."""
    found = walk.rulesets(NAT.splitlines())
    assert list(found) == ["jailpf/web"]
    assert [line.split()[0] for line in found["jailpf/web"]] == ["nat", "rdr"]


def test_one_that_differs_from_call_to_call_is_left_out() -> None:
    """Somebody has loaded it in between."""
    same = NAT.replace("    rdr on em0 inet proto tcp from any to (em0:0) port = 81 -> 172.16.1.3\n", "")
    assert walk.rulesets(same.splitlines())["jailpf/db"] == ()
    assert "jailpf/db" not in walk.rulesets(NAT.splitlines())


def test_what_anchors_call_themselves_is_nobodys() -> None:
    """Their calls are rules as `-a PATH -s rules` prints them; an absolute or unnamed call is not attributed."""
    assert walk.rulesets(RULES.splitlines()) == {
        "jailpf/web": (
            'pass quick inet from any to 172.16.1.1 label "jailpf/web"', 'anchor "deeper" all', "anchor all",
        ),
        "bastille": ("pass in on em0 all",),
    }  # fmt: skip


@pytest.mark.parametrize("text", ['anchor "jailpf/*" all {\n', "}\n"])
def test_braces_that_do_not_match_are_no_answer(text: str) -> None:
    """A pfctl that broke off."""
    with pytest.raises(ValueError, match="brace"):
        walk.rulesets(text.splitlines())


def test_what_is_printed_of_a_batch_is_divided_by_its_marks() -> None:
    """More than ten of them, some without a rule; missing marks are no answer."""
    names = [f"j{number}" for number in range(12)]
    with batch.written(dict.fromkeys(names, "pass all\n"), "", marked=True) as text:
        assert text.count("load anchor") == 24
    lines = []
    for number, name in enumerate(names):
        lines += [f'pass all label "{name}"'] * (number % 3) + [f'block drop all label "jailpf.ends/{number}"']
    found = batch.divided(lines, names)
    assert [len(found[name]) for name in names] == [0, 1, 2] * 4
    assert found["j11"][0] == 'pass all label "j11"'
    for wrong in (lines[:-1], [*lines, "pass all"], lines[1:]):
        with pytest.raises(ValueError, match="not that of the batch"):
            batch.divided(wrong, names)
