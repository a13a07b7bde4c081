"""jailpf.pf.pfctl.Pfctl, asked of the real pf, and what the simulated one answers to the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freebsd.tools import TOOLS, run
from jailpf.errors import PfRefusedError
from jailpf.pf.pfctl import Pfctl

if TYPE_CHECKING:
    from jailpf.pf import Pf

PATH = "jailpf/jptdrive"
TEXT = """\
table <mua> persist { 192.0.2.0/24 198.51.100.7 }
rdr inet proto tcp from any to 203.0.113.1 port { 993 995 } tag "jailpf.in/x" -> 10.213.7.99
nat on lo0 inet from 10.213.7.99 to any tag "jailpf.out/x" -> 203.0.113.1
rdr inet6 proto udp from <mua> to 2001:db8:113::1 port 6000:6010 -> fd13:213:7::99 port 7000:*
pass quick inet proto tcp from any to 10.213.7.99 port 993 tagged "jailpf.in/x" label "jailpf/x" label "jailpf/x/mail"
pass in quick inet proto tcp from any to 10.213.7.99 port 80 keep state (max-src-conn 3)
"""

pytestmark = pytest.mark.usefixtures("pf")


@pytest.fixture
def driver(release: int) -> Pfctl:
    return Pfctl(TOOLS["pfctl"], release=release)


def _all(pf: Pf) -> list[Pf]:
    """The real one, and the simulated one."""
    from jailpf.pf.simulated import Simulated

    return [pf, Simulated()]


def test_load_read_unload(driver: Pfctl) -> None:
    """What was loaded is read back, the same from both; after unloading nothing is, and unloading again is fine."""
    read = []
    for pf in _all(driver):
        pf.check(PATH, TEXT)
        pf.load(PATH, TEXT)
        read.append(pf.read(PATH))
        assert sorted(read[-1].tables["mua"]) == ["192.0.2.0/24", "198.51.100.7"]
        assert PATH in pf.anchors()
        assert PATH in pf.anchors("jailpf")
        pf.unload(PATH)
        assert not pf.read(PATH)
        pf.unload(PATH)
    assert all(sorted(one.nat) == sorted(read[0].nat) for one in read), read
    assert all(one.rules == read[0].rules for one in read), read


def test_printed_is_what_is_read(driver: Pfctl) -> None:
    """`printed` shows text as it will be read back: that is what `jailpf diff` rests on."""
    for pf in _all(driver):
        pf.load(PATH, TEXT)
        loaded = pf.read(PATH)
        printed = [line for line in pf.printed(PATH, TEXT) if not line.startswith("table ")]
        assert sorted(printed) == sorted([*loaded.nat, *loaded.rules])


def test_a_refusal_names_the_line(driver: Pfctl) -> None:
    """check and load raise PfRefusedError with pf's line, and change nothing."""
    for pf in _all(driver):
        for step in (pf.check, pf.load):
            with pytest.raises(PfRefusedError) as caught:
                step(PATH, "pass\nrdr inet proto tcp from any to any port\n")
            said = str(caught.value)
            assert "line 2: " in said or "stdin:2: " in said
        assert not pf.read(PATH)


def test_a_refused_load_keeps_what_was_there(driver: Pfctl) -> None:
    """One pfctl is one transaction."""
    for pf in _all(driver):
        pf.load(PATH, TEXT)
        was = pf.read(PATH)
        with pytest.raises(PfRefusedError):
            pf.load(PATH, "pass\nnonsense\n")
        assert pf.read(PATH) == was


def test_children_in_one_run(driver: Pfctl, release: int) -> None:
    """load_children loads them all; before 15 it says that it cannot, and the caller loads one by one."""
    texts = {f"jptbatch{number}": TEXT for number in range(20)}
    if release < 15:
        with pytest.raises(PfRefusedError):
            driver.load_children("jailpf", texts)
        return
    driver.load_children("jailpf", texts)
    assert {f"jailpf/{name}" for name in texts} <= set(driver.anchors("jailpf"))
    assert all(driver.read(f"jailpf/{name}") for name in texts)


def test_all_anchors_at_once(driver: Pfctl, release: int) -> None:
    """Read in pfctl.c (pfctl_show_rules, pfctl_show_nat): `-a '*'` prints of each anchor that the main ruleset calls just what `-a`
    prints of it alone, and what `-n -v` prints of a batch is that, too. `sync` of many jails rests on it; before 15 both say nothing.
    """
    texts = {f"jptall{number}": TEXT.replace("993", str(1000 + number)) for number in range(4)}
    texts["jptrdr"] = TEXT.splitlines(keepends=True)[1]
    for name, text in texts.items():
        driver.load(f"jailpf/{name}", text)
    seen, printed = driver.everywhere(), driver.printed_children("jailpf", texts)
    if release < 15:
        assert (seen.nat, seen.rules, printed) == ({}, {}, {})
        return
    for name in texts:
        path = f"jailpf/{name}"
        loaded = driver.read(path, members=False)
        assert (seen.nat[path], seen.rules[path]) == (loaded.nat, loaded.rules)
        rules = [line for line in printed[name] if not line.startswith("table ")]
        assert sorted(rules) == sorted([*loaded.nat, *loaded.rules])
    assert "jailpf/jptgone" not in seen.rules


def test_labels_of_several_anchors(driver: Pfctl) -> None:
    """Counters are found by label, in one anchor and in many; missing anchors are skipped."""
    for pf in _all(driver):
        for name in ("a", "b"):
            pf.load(f"{PATH}{name}", TEXT.replace("jailpf/x", f"jailpf/{name}"))
        for paths in ([f"{PATH}a"], [f"{PATH}a", f"{PATH}b", f"{PATH}none"]):
            found = {count.labels for count in pf.labels(paths)}
            for path in paths[:2]:
                name = path[-1]
                assert (f"jailpf/{name}", f"jailpf/{name}/mail") in found


def test_tables(driver: Pfctl) -> None:
    """add, delete, replace and show of an anchor's table; one that is missing is refused."""
    for pf in _all(driver):
        pf.load(PATH, TEXT)
        pf.table(PATH, "mua", "add", ["2001:db8::7"])
        pf.table(PATH, "mua", "delete", ["192.0.2.0/24"])
        assert sorted(pf.table(PATH, "mua", "show")) == ["198.51.100.7", "2001:db8::7"]
        pf.table(PATH, "mua", "replace", ["203.0.113.0/24"])
        assert pf.table(PATH, "mua", "show") == ["203.0.113.0/24"]
        pf.table(PATH, "mua", "expire", (), 3600)
        assert pf.table(PATH, "mua", "show") == ["203.0.113.0/24"]
        with pytest.raises(PfRefusedError):
            pf.table(PATH, "nosuch", "show")


def test_a_const_table_is_refused_not_forbidden(driver: Pfctl) -> None:
    """Changing a `const` table is pf's refusal; "run as root" would be the wrong advice."""
    for pf in _all(driver):
        pf.load(PATH, "table <fixed> const persist { 192.0.2.1 }\n")
        with pytest.raises(PfRefusedError):
            pf.table(PATH, "fixed", "add", ["192.0.2.2"])


def test_a_main_table_is_read(driver: Pfctl) -> None:
    """The path "" is the main ruleset, and only read."""
    assert driver.table("", "ext_ip4", "show") == ["203.0.113.1"]
    main = driver.read("")
    assert any(line.startswith('rdr-anchor "jailpf/*"') for line in main.nat), main
    assert any(line.startswith('anchor "jailpf/*"') for line in main.rules), main


def test_missing_things_are_empty(driver: Pfctl) -> None:
    """Nothing is an error that is merely not there."""
    for pf in _all(driver):
        assert not pf.read("jailpf/jptnone")
        assert pf.labels(["jailpf/jptnone"]) == []
        assert pf.anchors("jptnone") == []
        assert pf.kill("label", "jailpf/jptnone") == 0
        assert pf.kill("id", "00000000000000ff") == 0
        if pf.nat_kill():
            assert pf.kill("nat", "10.213.7.99") == 0


def test_whether_pf_filters(driver: Pfctl, pf: str) -> None:
    """enabled() follows pfctl -e and -d; skipped() names what `set skip` names; a limit is a number."""
    assert driver.enabled() is True
    run("pfctl", "-d")
    try:
        assert driver.enabled() is False
    finally:
        run("pfctl", "-e")
    assert "lo0" not in driver.skipped()
    run("pfctl", "-f", "-", text="set skip on lo0\n" + pf)
    assert "lo0" in driver.skipped()
    assert driver.limit("states")
    assert driver.limit("no such limit") is None
