"""`jailpf doctor`: what is wrong, why it matters, and what mends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Desk

NAT = "nat on em0 inet from 172.16.15.0/24 to any -> (em0:0)\n"
GOOD = (
    f'table <ext_ip4> {{ 203.0.113.1 }}\n{NAT}nat-anchor "jailpf/*"\nbinat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\n'
    'block all\npass inet6 proto icmp6\npass on lo0 from { 127.0.0.1 ::1 } to { 127.0.0.1 ::1 }\nanchor "jailpf/*"\n'
)


def findings(desk: Desk, main: str = GOOD, **settings: str) -> list[dict[str, str]]:
    """What doctor finds on a host with that pf.conf, "fine" left out."""
    desk.write("pf.conf", main)
    host = "".join(f"{name} = {value}\n" for name, value in settings.items())
    desk.write("jailpf.toml", f'pf = "simulated"\nmain = "pf.conf"\n\n[host]\next_if = "em0"\n{host}')
    answer = desk.jailpf("doctor", "--json")
    found = [one for one in json.loads(answer.out)["findings"] if one["level"] != "fine"]
    assert answer.status == (1 if found else 0)
    return found


def test_a_sound_host_has_no_finding(desk: Desk) -> None:
    """Nothing but what is fine, and 0."""
    assert findings(desk) == []
    said = desk.jailpf("doctor").out
    assert said.startswith("all is well: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('rdr-anchor "jailpf/*"\n', "", 'the main ruleset has no `rdr-anchor "jailpf/*"`'),
        ('\nanchor "jailpf/*"\n', "\n", 'has no `anchor "jailpf/*"`'),
        ("block all\n", "block quick all\n", "is above the anchor line"),
        ("pass inet6 proto icmp6\n", "", "no rule for icmp6"),
    ],
)
def test_each_flaw_of_the_main_ruleset_is_named_with_its_remedy(desk: Desk, old: str, new: str, what: str) -> None:
    """The finding says what is wrong, why it matters and how to mend it."""
    found = findings(desk, GOOD.replace(old, new))
    assert any(what in one["what"] and one["why"] and one["mend"] for one in found)


def test_a_table_that_pf_conf_lacks_is_found(desk: Desk) -> None:
    """A rule that names it would match nothing."""
    assert "no table <ext_ip6>" in findings(desk, ext_ip6='"<ext_ip6>"')[0]["what"]
    empty = findings(desk, "table <ext_ip6> persist\n" + GOOD, ext_ip6='"<ext_ip6>"')
    assert "is empty" in empty[0]["what"]
    assert "ADDRESS" in empty[0]["mend"]


def test_a_table_is_empty_that_pf_conf_should_have_filled(desk: Desk) -> None:
    """What `overload` fills is none: a reload would fill nothing, and it is rightly empty."""
    names = '["bruteforce"]'
    assert findings(desk, "table <bruteforce> persist\n" + GOOD, tables=names) == []
    desk.write("bad.table", "")
    file = f'table <bruteforce> persist file "{desk.root}/bad.table"\n'
    assert [one["mend"] for one in findings(desk, file + GOOD, tables=names)] == ["service pf reload"]


def test_translation_rules_of_the_main_ruleset_are_found(loaded: Desk) -> None:
    """facts.md: on 15 they beat every anchor."""
    loaded.write("jailpf.toml", 'pf = "simulated"\n[host]\next_if = "em0"\nnat = "(em0:0)"\n')
    loaded.jailpf("reload", "git", "dovecot")
    main = "nat on em0 inet from 172.16.0.0/12 to any -> (em0:0)\nrdr on em0 inet proto tcp from any to any port 8080 -> 172.16.15.99\n"
    found = " ".join(one["what"] + one["why"] for one in findings(loaded, main + GOOD, nat='"(em0:0)"'))
    assert "pf.conf:1: `nat on em0" in found
    assert "tcp from 198.51.100.7 to 203.0.113.1 port 8080 from git's `rdr on em0" in found


def test_blocks_that_never_ban_and_passes_that_let_in_are_found(loaded: Desk) -> None:
    """With an example packet each; where the lines stand right, nothing is said."""

    def told(main: str) -> list[dict[str, str]]:
        return [one for one in findings(loaded, main) if "the anchor line" in one["what"]]

    table, ban = "table <bruteforce> persist\n", "block in quick from <bruteforce>\n"
    (found,) = told(table + GOOD + ban)
    assert "is below the anchor line" in found["what"]
    assert "dovecot's `pass quick" in found["why"]
    assert found["mend"] == "move it above the anchor line of pf.conf"
    assert told(table + GOOD.replace("pass inet6", ban + "pass inet6")) == []
    wide = GOOD.replace("pass inet6", "pass in quick on em0 proto tcp to any port 22\npass inet6")
    (found,) = told(wide)
    assert "port 22 reaches a jail" in found["why"]
    assert told(wide.replace("to any port 22", "to (em0:0) port 22")) == []


def test_conditions_on_the_anchor_line_are_found(desk: Desk) -> None:
    """Which jails' rules they make dead, by line and packet, and the line that does not."""
    found = findings(desk, GOOD.replace('rdr-anchor "jailpf/*"', 'rdr-anchor "jailpf/*" on em1'))
    (one,) = [one for one in found if "only some packets" in one["what"]]
    assert one["what"].partition("pf.conf:")[2].startswith('5: `rdr-anchor "jailpf/*" on em1 all`')
    assert "port 993 never reaches dovecot's `rdr on em0" in one["why"]
    assert one["mend"] == '`rdr-anchor "jailpf/*"`, without conditions'
    said = desk.jailpf("check").err
    assert '`rdr-anchor "jailpf/*" on em1 all` lets only some packets reach the jails' in said


def test_what_the_host_would_log_or_route_is_found(desk: Desk) -> None:
    """By words: `match` above does the one, an uplink that is declared the other."""
    (one,) = findings(desk, GOOD + "pass in log on em0 proto tcp to any port { 993 80 }\n")[:1]
    assert "is below the anchor line" in one["what"]
    assert "it does not log what dovecot's `pass quick" in one["why"]
    assert "`match` for `pass`" in one["mend"]
    assert findings(desk, GOOD.replace("pass inet6", "match in log on em0 proto tcp to port 993\npass inet6")) == []
    *_, one = findings(desk, GOOD + "pass in on em0 reply-to (em0 203.0.113.254) inet proto tcp to any\n")
    assert "[host.uplink.NAME]" in one["mend"]


def test_rules_beside_ours_that_nobody_declared_are_found(desk: Desk) -> None:
    """Left by an older script in the anchors that pf.conf has for it and for us; with a packet that they let in."""
    from jailpf.pf.simulated import Simulated

    ways = ("nat", "binat", "rdr")
    conf = "".join(f'{way}-anchor "{way}/*"\n' for way in ways) + 'block\npass inet6 proto icmp6\nanchor "allow/*"\n'

    def told() -> list[dict[str, str]]:
        desk.write("pf.conf", conf)
        desk.write("jailpf.toml", 'pf = "simulated"\nmain = "pf.conf"\nlayout = "split"\n[host]\next_if = "em0"\n')
        found = json.loads(desk.jailpf("doctor", "--json").out)["findings"]
        return [one for one in found if "are not declared" in one["what"]]

    assert told() == []
    assert desk.jailpf("load", "git").status == 0
    assert told() == []
    pf = Simulated(state=desk.root / "run/simulated.json")
    pf.load("rdr/old", "rdr on em0 inet proto tcp to (em0:0) port 2222 -> 172.16.15.29 port 22\n")
    pf.load("allow/old", "pass in quick on em0 inet proto tcp to 172.16.15.29 port 22\n")
    allow, rdr = told()
    assert "in the anchor rdr/old are not declared: rdr on em0" in rdr["what"]
    assert "tcp from 198.51.100.7 to 203.0.113.1 port 2222 reaches git" in rdr["why"]
    assert allow["mend"].startswith("`pfctl -a allow/old -F all`")


def test_hairpin_and_set_skip_do_not_go_together(desk: Desk) -> None:
    """facts.md: `set skip on lo0` breaks hairpin."""
    desk.write("jails/git.toml", '[service.http]\nport = 80\nrdr = { hairpin = true }\n[jail]\nip4 = "172.16.15.29"\n')
    skip = "set skip on lo0\n" + GOOD
    assert "hairpin in git" in findings(desk, skip)[0]["what"]
    desk.jailpf("load", "git")
    assert [one["what"] for one in findings(desk, skip)].count("`set skip on lo0`, and hairpin in git") == 1


def test_a_jails_table_with_the_name_of_a_main_one_is_found(loaded: Desk) -> None:
    """facts.md section 2: it shadows the host's."""
    assert "insecure_mua" in findings(loaded, "table <insecure_mua> persist\n" + GOOD)[0]["what"]


def test_broken_declarations_and_conflicts_are_found(desk: Desk) -> None:
    """With their places."""
    desk.write("jails/bad.toml", "[service.x]\nprot = 1\n")
    desk.write("jails/thief.toml", '[service.x]\nport = 8080\n[jail]\nip4 = "172.16.15.99"\n')
    found = " ".join(one["what"] for one in findings(desk))
    assert "bad.toml:2:1" in found
    assert "which git http has" in found


def test_settings_that_are_broken_are_the_only_finding(desk: Desk) -> None:
    """Everything else depends on them."""
    desk.write("jailpf.toml", "pf = 1\n")
    assert [one["level"] for one in json.loads(desk.jailpf("doctor", "--json").out)["findings"]] == ["error", "error"]


def test_a_host_without_declarations_is_told_how_to_begin(desk: Desk) -> None:
    """`jailpf new` is the next step."""
    for file in (desk.root / "jails").iterdir():
        file.unlink()
    assert findings(desk)[0]["mend"] == "jailpf new JAIL"


def test_what_changed_since_it_was_loaded_is_found(loaded: Desk) -> None:
    """And `jailpf sync` repairs it."""
    loaded.write("jails/git.toml", '[service.http]\nport = 81\n[jail]\nip4 = "172.16.15.29"\n')
    found = findings(loaded)
    assert ("git is loaded, but not as declared", "jailpf sync") in [(one["what"], one["mend"]) for one in found]


def test_loaded_jails_that_no_nat_covers_are_found(loaded: Desk) -> None:
    """ "My jail has no Internet": nothing translates its private address; a nat rule of pf.conf ends it."""
    what = "no nat rule translates dovecot (172.16.15.15), git (172.16.15.29) on em0"
    assert [one["what"] for one in findings(loaded, GOOD.replace(NAT, ""))] == [what]
    found = findings(loaded, GOOD.replace("/24", "/28"))
    assert [one["what"] for one in found] == ["no nat rule translates git (172.16.15.29) on em0"]
    assert findings(loaded) == []


def test_declared_jails_that_no_nat_covers_are_found_before_they_run(desk: Desk) -> None:
    """Unless their file says that it is meant; a nat of their own, or the host's, is one."""
    bare = GOOD.replace(NAT, "")
    (found,) = findings(desk, bare)
    assert found["what"] == "no nat rule translates dovecot (172.16.15.15), git (172.16.15.29) on em0"
    assert "nat = false at the top" in found["mend"]
    desk.write("jails/git.toml", 'nat = false\n[service.http]\nport = 80\n[jail]\nip4 = "172.16.15.29"\n')
    assert [one["what"] for one in findings(desk, bare)] == ["no nat rule translates dovecot (172.16.15.15) on em0"]
    assert findings(desk, bare, nat='"(em0:0)"') == []


def test_a_jail_with_a_nat_for_others_only_is_told_of_that_one(desk: Desk) -> None:
    """The host's nat would not be its own: the remedy is `from` of what it has, and never what is already written."""
    text = '[nat.vpn]\nfrom = "10.99.0.0/24"\n[jail]\nip4 = "172.16.15.29"\n'
    desk.write("jails/git.toml", text)
    found = [one for one in findings(desk, GOOD.replace(NAT, ""), nat='"(em0:0)"') if "no nat rule" in one["what"]]
    assert [one["mend"].partition(" in ")[0] for one in found] == ["add 172.16.15.29 to `from` of a [nat.NAME]"]


def test_lines_that_pf_conf_lacks_are_told_once(loaded: Desk) -> None:
    """Of what jailpf loaded nothing is called a leftover, and a nat that is written is not asked for."""
    found = findings(loaded, "block all\n", nat='"(em0:0)"')
    assert "has no `nat-anchor" in found[0]["what"]
    assert not any("-F all" in one["mend"] or "no nat rule" in one["what"] for one in found)


def test_rules_that_nothing_evaluates_are_found(desk: Desk) -> None:
    """Loaded into `x` itself below `x/*`, or below no line at all; what is called is no finding."""
    from jailpf.pf.simulated import Simulated

    conf = GOOD.replace("block all", 'rdr-anchor "cbsd/*"\nblock all') + 'anchor "pot/*"\n'
    assert findings(desk, conf) == []
    (desk.root / "run").mkdir(mode=0o700, exist_ok=True)
    pf = Simulated(state=desk.root / "run/simulated.json")
    pf.load("cbsd", "rdr on em0 inet proto tcp to 203.0.113.1 port 2222 -> 203.0.113.1 port 22\n")
    pf.load("cbsd/web", "rdr on em0 inet proto tcp to 203.0.113.1 port 2223 -> 203.0.113.1 port 22\npass in\n")
    pf.load("pot/web", "pass in on em0 inet proto tcp to 203.0.113.1 port 80\n")
    found = [(one["what"], one["why"]) for one in findings(desk, conf)]
    assert found[0][0].startswith("nothing evaluates the rdr rules in the anchor cbsd: rdr on em0")
    assert '"cbsd/*" evaluates only what is below it' in found[0][1]
    assert found[1][0].startswith("nothing evaluates the filter rules in the anchor cbsd/web: pass in")
    assert len(found) == 2


def test_words_and_addresses_that_are_not_of_this_host_are_found(desk: Desk) -> None:
    """An interface or group that is not there, an address that no interface holds; each once."""
    conf = GOOD + "pass in on egress proto tcp to port 22\npass in on egress proto tcp to port 80\n"
    (found,) = findings(desk, conf)
    assert "no interface and no group 'egress', so it matches nothing" in found["what"]
    (found,) = findings(desk, "rdr on em0 inet proto tcp to 203.0.113.99 port 80 -> 203.0.113.1\n" + GOOD)
    assert "no interface of this host has 203.0.113.99" in found["what"]
    (found,) = findings(desk, "rdr on em0 inet proto tcp to 127.0.0.1 port 80 -> 203.0.113.1\n" + GOOD)
    assert "packets to 127.0.0.1 never arrive on an interface" in found["what"]


def test_a_broken_jail_conf_is_said_once(desk: Desk) -> None:
    """Though every jail asks for it."""
    desk.write("jail.conf", "web { path = /x;\n")
    assert len(desk.jailpf("check").err.splitlines()) == 1
    found = findings(desk)
    assert len({tuple(one.items()) for one in found}) == len(found)


def test_what_differs_in_the_jail_alone_is_one_finding(desk: Desk) -> None:
    """With one command for all of them, which is said first."""
    desk.write("jail.conf", 'dovecot { ip4.addr = "172.16.15.15"; }\ngit { ip4.addr = "172.16.15.29"; }\n')
    answer = desk.jailpf("doctor")
    assert answer.status == 1
    assert answer.out.startswith("first: jailpf attach dovecot git\n")
    assert answer.out.count("does not call jailpf") == 1
    assert "the same for git\n" in answer.out


def test_files_that_nobody_reads_are_found(desk: Desk) -> None:
    """Because of their names."""
    desk.write("jails/web.tml", "")
    assert ["is not read" in one["what"] for one in findings(desk)] == [True]


def test_a_nat_of_pf_conf_before_that_of_a_jail_is_mended_by_name(desk: Desk) -> None:
    """The network of the line and the jail's own address stand in what is to be written."""
    desk.write(
        "pf.conf",
        'nat on em0 inet from 172.16.15.0/24 to any -> 203.0.113.1\nnat-anchor "jailpf/*"\nrdr-anchor "jailpf/*"\nblock all\nanchor "jailpf/*"\n',
    )
    desk.write("jailpf.toml", 'pf = "simulated"\nmain = "pf.conf"\n[host]\next_if = "em0"\n')
    desk.write("jails/git.toml", '[nat.mine]\naddress = "203.0.113.1"\n[jail]\nip4 = "172.16.15.29"\n')
    assert "`table <natted> { 172.16.15.0/24 !172.16.15.29 }`" in desk.jailpf("doctor").out


def test_a_loopback_that_is_skipped_while_another_is_not_is_found(desk: Desk) -> None:
    """facts.md, "Which loopback": the answers to a jail's packets come back where the block is."""
    what = "`set skip on lo0` lets the packets of dovecot to 203.0.113.1 through, but the replies are blocked"

    def said(text: str) -> list[str]:
        return [one["mend"] for one in findings(desk, text) if one["what"] == what]

    (mend,) = said(f"set skip on lo0\n{GOOD}")
    assert mend.endswith("pass on lo0 from { 127.0.0.1 ::1 } to { 127.0.0.1 ::1 }")
    assert findings(desk, GOOD + mend.partition(": ")[2] + "\n") == []
    assert said(f"set skip on lo\n{GOOD}") == said(f"set skip on {{ lo0 lo1 }}\n{GOOD}") == []
    assert said(f"set skip on lo0\n{GOOD}pass on lo1 no state\n") == []
