"""Loading, tables, paths, anchors. Facts are those of facts.md sections 1 and 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import PfRefusedError, Place
from jailpf.pf import Loaded
from jailpf.pf.simulated import Simulated

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Clock

    from jailpf.pf import Pf

RDR = "rdr on em0 inet proto tcp from any to <ext_ip4> port 993 -> 172.16.15.15\n"


def test_simulated_is_a_pf(pf: Simulated) -> None:
    """It has the interface that the pfctl driver has."""
    door: Pf = pf
    assert door.read("jailpf/nosuch") == Loaded("jailpf/nosuch")


def test_what_is_loaded_is_read_back_as_pfctl_prints_it(pf: Simulated) -> None:
    """facts.md section 6: nat rules come as nat, rdr, binat; tables with their addresses."""
    pf.load(
        "jailpf/a",
        "table <t> persist { 192.0.2.7 192.0.2.0/24 !192.0.2.9 }\n"
        "binat on em0 inet from 172.16.15.16 to any -> 203.0.113.7\n" + RDR + "nat on em0 from <t> to any -> (em0)\n"
        'pass quick inet all tagged "jailpf.in/a" label "jailpf/a"\n',
    )
    assert pf.read("jailpf/a") == Loaded(
        "jailpf/a",
        (
            "nat on em0 from <t> to any -> (em0) round-robin",
            "rdr on em0 inet proto tcp from any to <ext_ip4> port = 993 -> 172.16.15.15",
            "binat on em0 inet from 172.16.15.16 to any -> 203.0.113.7",
        ),
        ('pass quick inet all flags S/SA keep state label "jailpf/a" tagged jailpf.in/a',),
        {"t": ("192.0.2.0/24", "192.0.2.7", "!192.0.2.9")},
    )


def test_a_load_replaces_all_sections(pf: Simulated) -> None:
    """facts.md section 2: loading a file with only rdr rules empties the anchor's filter rules."""
    pf.load("jailpf/a", RDR + "pass all\n")
    pf.load("jailpf/a", RDR)
    assert pf.read("jailpf/a").rules == ()


def test_children_are_not_touched(pf: Simulated) -> None:
    """facts.md section 2: children (X/y) are not touched."""
    pf.load("jailpf/a/b", RDR)
    pf.load("jailpf/a", "pass all\n")
    pf.unload("jailpf/a")
    assert pf.read("jailpf/a/b")


def test_a_failed_load_changes_nothing(pf: Simulated) -> None:
    """facts.md: a failed load (syntax error) leaves the loaded rules, and tables, as they were; it says the
    line.
    """
    pf.load("jailpf/a", "table <t> persist { 192.0.2.1 }\n" + RDR)
    before = pf.read("jailpf/a")
    with pytest.raises(PfRefusedError) as caught:
        pf.load("jailpf/a", "table <t> persist { 192.0.2.2 }\npass all\n\nrdr inet proto tcp from any to any port\n")
    assert pf.read("jailpf/a") == before
    assert [(p.message, p.place) for p in caught.value.problems] == [("syntax error", Place("stdin", 4))]


def test_all_errors_are_reported(pf: Simulated) -> None:
    """facts.md section 5: one line per error, parsing continues; right behind an error pfctl says no "syntax error"."""
    with pytest.raises(PfRefusedError) as caught:
        pf.check("jailpf/a", "pas all\npass all\npass proto tcp to any port 99999\npass all\nrdr quick\n")
    assert [p.place.line for p in caught.value.problems if p.place] == [1, 3, 5]


def test_check_loads_nothing(pf: Simulated) -> None:
    """`pfctl -n` leaves the rules alone."""
    pf.check("jailpf/a", RDR)
    assert not pf.read("jailpf/a")


def test_a_batch_is_one_transaction(pf: Simulated) -> None:
    """facts.md: any number of jails in ONE transaction; an error in any changes nothing; others are left
    alone.
    """
    pf.load("jailpf/x", RDR)
    pf.load_children("jailpf", {"b": RDR, "c": "pass all\n"})
    assert pf.anchors("jailpf") == ["jailpf/b", "jailpf/c", "jailpf/x"]
    with pytest.raises(PfRefusedError) as caught:
        pf.load_children("jailpf", {"b": "pass all\n", "c": "pas all\n"})
    assert caught.value.problems[0].place == Place("jailpf/c", 1)
    assert pf.read("jailpf/b").rules == ()


def test_a_batch_empties_the_rules_of_the_parent(pf: Simulated) -> None:
    """facts.md section 2: `pfctl -a rdr -f batch` empties the rules of `rdr` itself."""
    pf.load("jailpf", RDR)
    pf.load_children("jailpf", {"b": RDR})
    assert not pf.read("jailpf")


def test_a_persist_table_that_is_not_mentioned_stays(pf: Simulated) -> None:
    """facts.md: reloading keeps a `persist` table that the new text does not mention, with its addresses."""
    pf.load("jailpf/a", "table <p> persist { 192.0.2.1 }\ntable <q> { 192.0.2.2 }\npass from <q>\n")
    pf.load("jailpf/a", RDR)
    assert pf.read("jailpf/a").tables == {"p": ("192.0.2.1",)}
    pf.load("jailpf/a", "")
    assert pf.read("jailpf/a") == Loaded("jailpf/a", tables={"p": ("192.0.2.1",)})


def test_persist_without_addresses_keeps_those_that_are_there(pf: Simulated) -> None:
    """facts.md section 2: `table <t> persist` keeps the present addresses; `{ }` empties it."""
    pf.load("jailpf/a", "table <t> persist\n")
    pf.table("jailpf/a", "t", "add", ["192.0.2.1"])
    pf.load("jailpf/a", "table <t> persist\n")
    assert pf.table("jailpf/a", "t", "show") == ["192.0.2.1"]
    pf.load("jailpf/a", "table <t> persist { }\n")
    assert pf.table("jailpf/a", "t", "show") == []


def test_unload_takes_the_tables_too(pf: Simulated) -> None:
    """`-f /dev/null` and `-F Tables`: rules and tables, persistent or not; a missing anchor is fine."""
    pf.load("jailpf/a", "table <p> persist { 192.0.2.1 }\n" + RDR)
    pf.unload("jailpf/a")
    pf.unload("jailpf/nosuch")
    assert not pf.read("jailpf/a")


def test_a_table_file_is_read_when_it_is_loaded(pf: Simulated, tmp_path: Path) -> None:
    """facts.md section 2: `file` is read at parse time; comments; a missing file or a bad line is refused."""
    file = tmp_path / "mua.table"
    text = f'table <t> persist file "{file}"\npass from <t>\n'
    with pytest.raises(PfRefusedError, match=r"stdin:1: cannot load .*No such file or directory"):
        pf.load("jailpf/a", text)
    file.write_text("# office\n192.0.2.0/24\n\n!192.0.2.9 ; not this\n")
    pf.load("jailpf/a", text)
    file.write_text("not an address!\n")
    assert pf.table("jailpf/a", "t", "show") == ["192.0.2.0/24", "!192.0.2.9"]
    with pytest.raises(PfRefusedError, match="contains bad data"):
        pf.load("jailpf/a", text)


def test_table_commands(pf: Simulated, clock: Clock) -> None:
    """transcript-pfctl-15.txt: add twice, replace; facts.md: a missing table is an error; const forbids
    changes.
    """
    pf.load("jailpf/a", "table <t> persist { 192.0.2.0/24 }\ntable <c> const persist { 192.0.2.1 }\n")
    pf.table("jailpf/a", "t", "add", ["198.51.100.7"])
    pf.table("jailpf/a", "t", "add", ["198.51.100.7"])
    assert pf.table("jailpf/a", "t", "show") == ["192.0.2.0/24", "198.51.100.7"]
    clock.time += 100
    pf.table("jailpf/a", "t", "replace", ["192.0.2.0/24", "203.0.113.9", "2001:db8::7"])
    assert pf.table("jailpf/a", "t", "show") == ["192.0.2.0/24", "203.0.113.9", "2001:db8::7"]
    pf.table("jailpf/a", "t", "expire", seconds=50)
    assert pf.table("jailpf/a", "t", "show") == ["203.0.113.9", "2001:db8::7"]
    pf.table("jailpf/a", "t", "delete", ["203.0.113.9", "192.0.2.77"])
    assert pf.table("jailpf/a", "t", "show") == ["2001:db8::7"]
    for name, message in (("nosuch", "Table does not exist"), ("c", "Operation not permitted")):
        with pytest.raises(PfRefusedError, match=message):
            pf.table("jailpf/a", name, "add", ["192.0.2.9"])
    with pytest.raises(PfRefusedError, match="no IP address found for nonsense"):
        pf.table("jailpf/a", "t", "add", ["nonsense"])


def test_the_path_has_63_bytes_at_most(pf: Simulated) -> None:
    """facts.md: a path of 63 bytes loads, 64 does not (`pfctl_rules: strlcpy`)."""
    pf.load("jailpf/" + "x" * 56, RDR)
    with pytest.raises(PfRefusedError, match="pfctl_rules: strlcpy"):
        pf.load("jailpf/" + "x" * 57, RDR)


@pytest.mark.parametrize("path", ["", "_a", "a/_b", "a//b", "/a", "a/", "*", "a/*"])
def test_illegal_paths(pf: Simulated, path: str) -> None:
    """facts.md sections 0.5 and 1: the main ruleset, `_`, `//`, a trailing `/` or `/*` are not loaded
    into.
    """
    for refused in (lambda: pf.load(path, RDR), lambda: pf.check(path, RDR), lambda: pf.unload(path)):
        with pytest.raises(PfRefusedError):
            refused()


def test_an_emptied_anchor_is_listed_for_a_while(pf: Simulated, clock: Clock) -> None:
    """facts.md: after `-F all` the anchor is listed for up to about 20 s more; here until the clock, or
    `purge`.
    """
    pf.load("jailpf/a", RDR)
    pf.unload("jailpf/a")
    assert pf.anchors() == ["jailpf", "jailpf/a"]
    clock.time += 20
    assert pf.anchors() == ["jailpf"]
    pf.load("jailpf/a", RDR)
    pf.unload("jailpf/a")
    pf.purge()
    assert pf.anchors("jailpf") == []


def test_anchors_that_main_calls_and_parents_are_listed(pf: Simulated) -> None:
    """transcript-pfctl-15.txt, `pfctl -s Anchors`: the called ones without rules, and parents."""
    pf.set_main('nat-anchor "nat/*"\nrdr-anchor "rdr/*"\nanchor "allow/*"\nanchor "x"\n')
    pf.load("a/b/c", RDR)
    assert pf.anchors() == ["a", "a/b", "a/b/c", "allow", "nat", "rdr", "x"]
    assert pf.anchors("a") == ["a/b", "a/b/c"]


def test_another_main_ruleset_leaves_the_anchors(pf: Simulated) -> None:
    """facts.md: anchors survive a reload of pf.conf; without the anchor lines they are detached."""
    pf.load("jailpf/a", "pass quick all\n")
    pf.set_main("block all\n")
    assert pf.read("jailpf/a")
    assert not pf.connect("tcp", "198.51.100.7", "203.0.113.1", 22)


def test_a_main_ruleset_that_pf_refuses(pf: Simulated) -> None:
    """A syntax error in pf.conf changes nothing."""
    before = pf.main()
    with pytest.raises(PfRefusedError, match=r"pf.conf:2: syntax error"):
        pf.set_main("block all\npas all\n")
    assert pf.main() == before
    with pytest.raises(PfRefusedError, match="syntax error"):
        Simulated(main="pas\n")


def test_the_default_main_ruleset_is_that_of_init() -> None:
    """DESIGN.md section 10: the lines of `init`, ext_ip4 203.0.113.1, ext_ip6 2001:db8::1 and `block all`."""
    pf = Simulated()
    assert pf.read("").tables == {"ext_ip4": ("203.0.113.1",), "ext_ip6": ("2001:db8::1",)}
    assert pf.read("").rules == ("block drop all", "pass inet6 proto ipv6-icmp all keep state", 'anchor "jailpf/*" all')


def test_limits_of_pf() -> None:
    """`pfctl -s memory`: a number, or None for a limit that there is not."""
    assert Simulated().limit("states") == 100000
    assert Simulated().limit("nonsense") is None
