"""A plain pf.conf becomes declarations, and what is left of it lets in the same together with them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from jailpf.declare.host import Host as HostSettings
from jailpf.plugin import ConfigError, Interface, NoJailError, UsageError

if TYPE_CHECKING:
    from stand_ins.host import Host

JAILS = "web { ip4.addr = 10.0.0.2; }\nmail { ip4.addr = 10.0.0.3; ip6.addr = fd00::3; }\n"
CONF = """\
ext_if = "em0"
web = "10.0.0.2"
table <office> { 198.51.100.0/24 }
table <jails> { 10.0.0.2 10.0.0.3 }
set skip on lo0
nat on $ext_if inet from 10.0.0.0/24 to any -> ($ext_if)
no rdr on $ext_if proto tcp from 192.0.2.1 to any
rdr on $ext_if inet proto tcp from any to 203.0.113.1 port { 80, 443 } -> $web
rdr on $ext_if inet proto tcp from any to 203.0.113.1 port 25 \\
    -> 10.0.0.3
block in on $ext_if
pass in quick on $ext_if inet proto tcp from any to $web port { 80 443 }
pass in quick on $ext_if inet proto tcp from any to 10.0.0.3 port 25 flags S/SA modulate state
pass in quick inet proto tcp from <office> to <jails> port 2222
pass in quick inet proto tcp from any to 10.0.0.3 port 4190 user root
pass in quick inet proto tcp from any to { 10.0.0.2 10.9.9.9 } port 3306
pass in quick on $ext_if proto tcp from any to ($ext_if) port 22
"""


def imported(host: Host, text: str = CONF, jails: str = JAILS) -> list[Any]:
    """What the file becomes on a host with two jails."""
    host.jail_conf(jails)
    settings = replace(host.settings, host=HostSettings(ext_if=(Interface("em0"),)))
    return list(host.adapter("pf.conf", settings).import_([host.file("pf.conf", text)]))


def left(found: list[Any]) -> str:
    """The file that they leave, without the lines that call their anchors."""
    lines = found[0].whole.new.splitlines(keepends=True)
    return "".join(line for line in lines if "jailpf/*" not in line)


def test_each_rule_goes_to_the_jail_that_it_is_about(host: Host) -> None:
    """By its address, a macro of it, or a table that holds it."""
    found = {one.jail: tomllib.loads(one.text) for one in imported(host)}
    office = {"addresses": ["198.51.100.0/24"]}
    ssh = {"port": 2222, "from": "<office>", "rdr": False}
    assert found["web"] == {
        "service": {"http": {"port": [80, 443], "rdr": {"to": "203.0.113.1"}}, "tcp-2222": ssh}, "table": {"office": office},
    }  # fmt: skip
    assert found["mail"]["service"] == {
        "mail": {"port": 25, "family": "inet", "rdr": {"to": "203.0.113.1"}, "allow": {"state": "modulate"}},
        "tcp-2222": {**ssh, "family": "inet"},
    }


def test_what_is_left_is_the_file_without_them(host: Host) -> None:
    """Line by line as it was: what is of no jail, of more than jails, and what a declaration has no word for."""
    lines = CONF.splitlines()
    assert left(imported(host)).splitlines() == [*lines[:7], lines[10], *lines[14:]]
    said = "\n".join(str(problem) for one in imported(host) for problem in one.warnings)
    assert "stays in the file: a declaration has no `user`" in said or "user root" in left


def test_mistakes_are_said(host: Host) -> None:
    """No file, two files, no jail."""
    with pytest.raises(UsageError, match=r"the pf\.conf to import"):
        host.adapter("pf.conf").import_([])
    with pytest.raises(ConfigError, match="no such file"):
        host.adapter("pf.conf").import_([str(host.root / "nowhere")])
    with pytest.raises(NoJailError, match="no jail manager knows a jail with an address"):
        imported(host, jails="")
    with pytest.raises(NoJailError, match="no rule is about a jail's address only"):
        imported(host, "block in\npass out\n")


def test_the_rules_of_a_jail_that_is_not_written_stay(host: Host) -> None:
    """Its lines, and those that it has in common with another."""
    found = imported(host)[0].whole.again({"mail"}, ())
    assert ([one.jail for one in found], found[0].whole.theirs) == (["web"], True)
    assert "to 203.0.113.1 port 25 \\\n    -> 10.0.0.3\n" in left(found)
    assert "from <office> to <jails>" in left(found)
    assert "port { 80 443 }" not in left(found)


POOL = """\
rdr on em0 inet proto tcp from any to 203.0.113.1 port 90 -> { 10.0.0.2 10.0.0.3 } port 80
block in on em0
pass in on em0 inet proto tcp from any to 10.0.0.2 port 80
pass in on em0 inet proto tcp from any to 10.0.0.3 port { 80 81 }
"""


def test_what_redirects_to_several_jails_is_the_first_ones(host: Host) -> None:
    """Of two that had it, each would take the port from the other; the pass rules of the targets come along."""
    found = {one.jail: one for one in imported(host, POOL)}
    assert "rdr on" in found["web"].before
    assert "to 10.0.0.3 port { 80 81 }" in found["web"].before
    (service,) = tomllib.loads(found["web"].text)["service"].values()
    assert service["rdr"]["target"] == ["10.0.0.2", "10.0.0.3"]
    assert "rdr =" not in found["mail"].text.replace("rdr = false", "")
    assert (left([found["web"]]), found["web"].whole.theirs) == ("block in on em0\n", False)


def test_what_stays_of_a_jail_is_told(host: Host) -> None:
    """Also where a statement is none that a declaration has words for."""
    strange = "pass in on em0 proto tcp to 10.0.0.2 port 80 user www\n"
    found = imported(host, CONF + strange)
    (said,) = [one.message for one in found[0].warnings if "`user`" in one.message]
    assert said.startswith("stays in the file: ")
    assert found[0].whole.theirs


def test_a_tag_that_no_rdr_sets_is_not_dropped(host: Host) -> None:
    """Without it the rule would let in everybody; one that an rdr sets is about what is redirected, and about nothing else."""
    text = "rdr on em0 inet proto tcp from any to 203.0.113.1 port 90 tag R -> 10.0.0.2 port 80\nblock in on em0\n"
    let_in = "pass in quick inet proto tcp from any to 10.0.0.2 port {} tagged {}\n"
    (web,) = imported(host, text + let_in.format("22", "VPN") + let_in.format("{ 80 81 }", "R"))
    (service,) = tomllib.loads(web.text)["service"].values()
    assert (service["port"], service["rdr"]["port"]) == (80, 90)
    assert "`tagged`" in web.warnings[0].message
    assert "tagged VPN" in left([web])


def test_types_of_icmp_are_kept(host: Host) -> None:
    """By name or number, each family its own; a code has no word, and other rules keep it in pf.conf."""
    text = "block in on em0\npass in inet proto icmp from any to 10.0.0.3 icmp-type { echoreq, 3 }\npass in inet6 proto icmp6 to fd00::3 icmp6-type toobig\n"
    lost = "pass in inet proto icmp from any to 10.0.0.3 icmp-type unreach code 4\npass in inet proto icmp to 10.0.0.3 icmp-type toobig\n"
    (mail,) = imported(host, text + lost)
    services = list(tomllib.loads(mail.text)["service"].values())
    assert [one["icmp_type"] for one in services] == [["echoreq", 3], ["toobig"]]
    assert left([mail]) == "block in on em0\n" + lost
    (mail,) = imported(
        host, "pass in inet proto tcp to 10.0.0.3\nblock in quick inet proto icmp to 10.0.0.3 icmp-type redir\n"
    )
    assert tomllib.loads(mail.text)["service"]["tcp-1"]["port"] == "any"
    assert "icmp-type redir" in left([mail])


def test_a_pool_is_let_in_to_where_all_its_targets_are(host: Host) -> None:
    """A declaration lets in to all of them alike: what only one lets in would be opened at the other."""
    some = POOL.replace("from any to 10.0.0.3", "from 192.0.2.0/24 to 10.0.0.3")
    for text, allowed in ((POOL, True), (some, False), (POOL.rpartition("pass")[0], False)):
        web = next(one for one in imported(host, text) if one.jail == "web")
        services = tomllib.loads(web.text)["service"].values()
        (pool,) = [one for one in services if isinstance(one.get("rdr"), dict)]
        assert (pool.get("allow") is not False) is allowed


def test_a_macro_ends_where_its_name_ends(host: Host) -> None:
    """`$ext_if:0` is the first address of the interface that $ext_if names: the jail's, as pf.conf's usual spelling has it."""
    rules = (
        "rdr on $ext_if proto tcp from any to ($ext_if:0) port 80 -> $web\npass in quick proto tcp to $web port 80\n"
    )
    found = imported(host, f'ext_if = "em0"\nweb = "10.0.0.2"\n{rules}')
    assert tomllib.loads(found[0].text) == {"service": {"http": {"port": 80}}}
    assert "rdr on" not in found[0].whole.new


def test_what_is_not_understood_is_told_by_its_macros(host: Host) -> None:
    """A line with a macro that is not there is still known as the jail's whose address another macro of it holds."""
    rules = "pass in quick proto tcp to $web port 80\npass in quick proto tcp to $web port $nothing\n"
    found = imported(host, f'web = "10.0.0.2"\n{rules}')
    assert [one.place.line for one in found[0].warnings if "$nothing" in one.message] == [3]


def test_a_table_whose_file_is_not_there_is_told(host: Host) -> None:
    """With its place, once: the table stays in the file, and pfctl refuses that."""
    there = host.file("there", "198.51.100.0/24\n")
    line = f'table <a> persist file "{there}"\ntable <b> persist file "{host.root}/nowhere"\n'
    found = imported(host, line + CONF)
    said = [one for jail in found for one in jail.warnings if "does not exist" in one.message]
    assert [(str(one.place), one.message, one.remedy) for one in said] == [
        (
            f"{host.root}/pf.conf:2:19",
            f"{host.root}/nowhere does not exist, so pfctl refuses to load the file",
            "create it with the addresses of <b>",
        )
    ]
    assert left(found).startswith(line)
