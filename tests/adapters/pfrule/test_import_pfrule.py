"""What the rules of a folder become: services, nat, binat, out and tables that say the same."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jailpf.declare.host import Uplink
from jailpf.values import Gateway, Interface

if TYPE_CHECKING:
    from stand_ins.host import Host


from folder_rules import J4, J6, SEED_ALLOW, SEED_RDR, compared, imported, rules, settings


def test_the_seed_becomes_what_the_design_shows(host: Host) -> None:
    one = imported(host, rdr__conf=SEED_RDR, allow__conf=SEED_ALLOW, insecure_mua="192.0.2.0/24\n")
    assert tomllib.loads(one.text) == {
        "service": {
            "mail": {"port": [993, 995]},
            "mail-insecure": {"port": [110, 143], "from": "<insecure_mua>"},
        },
        "table": {"insecure_mua": {"file": "insecure_mua.table"}},
        "jail": {"ip4": J4, "ip6": J6},
    }
    assert (
        "# to permit legacy users to access insecure POP3 & IMAP, add their IPs/masks\n[table.insecure_mua]" in one.text
    )
    assert (one.problems, one.warnings) == ((), ())
    assert [Path(copy.target).name for copy in one.copies] == ["insecure_mua.table"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"rdr__conf": f"rdr inet proto tcp from any to <ext_ip4> port 8080 -> {J4} port 80\n", "filter__conf": f"pass in quick proto tcp from any to {J4} port {{ 80 8080 }}\n"},
            {"http": {"port": 80, "rdr": {"port": 8080}}, "http-2": {"port": 8080, "rdr": False}},
            id="another port inside, and one that is let in without a redirection",
        ),
        pytest.param(
            {"rdr__conf": f"rdr proto tcp to <ext_ip4> port 6000:6010 -> {J4} port 7000:*\n"},
            {"tcp-7000": {"port": "7000:7010", "rdr": {"port": "6000:6010"}, "allow": False}},
            id="a range, and nothing that lets it in",
        ),
        pytest.param(
            {"rdr__conf": f"rdr pass on em0 inet proto {{ tcp udp }} from any to <ext_ip4> port 53 -> {J4}\n"},
            {"dns": {"proto": "tcp+udp", "port": 53}},
            id="rdr pass lets in what it redirects",
        ),
        pytest.param(
            {"rdr__conf": f"rdr inet proto tcp from any to 203.0.113.9 port 25 -> {J4}\nrdr on em1 inet proto tcp from any to any port 22 -> {J4}\n"},
            {"mail": {"port": 25, "rdr": {"to": "203.0.113.9"}, "allow": False}, "ssh": {"port": 22, "rdr": {"to": "any", "on": "em1"}, "allow": False}},
            id="other addresses and interfaces outside",
        ),
        pytest.param(
            {"rdr__conf": f"rdr proto tcp to <ext_ip4> port {{ 80 8080 }} -> {J4} port 80\n", "filter__conf": f"pass in proto tcp to {J4} port 80\n"},
            {"http": {"port": 80}, "http-2": {"port": 80, "rdr": {"port": 8080}}},
            id="two ports that lead to one are two services",
        ),
        pytest.param(
            {
                "rdr__conf": f"rdr on em1 inet proto tcp to <ext_ip4> port {{ 25 587 }} -> {J4}\n",
                "filter__conf": f"pass in log quick on em1 proto tcp from 192.0.2.0/24 to {J4} port 587 keep state (max-src-conn 20, max-src-conn-rate 15/5, overload <bf> flush global) label \"x\"\n",
            },
            {
                "mail": {"port": 587, "rdr": {"on": "em1"}, "allow": {"log": True, "on": "em1", "max_src_conn": 20, "max_src_conn_rate": "15/5", "overload": True, "from": "192.0.2.0/24"}},
                "mail-2": {"port": 25, "rdr": {"on": "em1"}, "allow": False},
            },
            id="options, and a part of the ports",
        ),
        pytest.param(
            {"filter__conf": f"pass in quick proto udp from any port 6277 to {J4}\npass in inet proto icmp to {J4}\npass proto tcp from 192.0.2.1 to {J4}\n", "nat__conf": f"nat on em0 from {J4} to any -> 198.51.100.7\n"},
            {
                "dcc": {"proto": "udp", "rdr": False, "allow": {"from_port": 6277}},
                "icmp": {"proto": "icmp", "icmp_type": [], "rdr": False},
                "tcp-1": {"port": "any", "from": "192.0.2.1", "rdr": False},
            },
            id="what is let in directly",
        ),
        pytest.param(
            {"rdr__conf": f"rdr inet proto tcp to <ext_ip4> port 25 -> {J4}\nrdr inet proto tcp to <ext_ip4> port 80 -> 172.16.15.99\nrdr inet proto tcp to <ext_ip4> port 587 -> {J4}\n", "filter__conf": "pass in proto tcp to 172.16.15.99 port 80\n"},
            {"mail": {"port": 25, "allow": False}, "http": {"port": 80, "rdr": {"target": "172.16.15.99"}}, "mail-2": {"port": 587, "allow": False}},
            id="a redirection to another jail",
        ),
    ],
)  # fmt: skip
def test_rules_become_services_that_say_the_same(host: Host, files, expected) -> None:
    one = imported(host, **files)
    assert tomllib.loads(one.text)["service"] == expected
    assert one.problems == ()
    assert compared(host, one) == []


def test_a_rule_of_one_family_stays_in_it_when_the_jail_has_both(host: Host) -> None:
    host.jail_conf(f"dovecot {{ ip4.addr = {J4}; ip6.addr = {J6}; }}\n")
    one = imported(
        host,
        rdr__conf=f"rdr inet proto udp to <ext_ip4> port {{ 67 68 }} -> {J4}\nrdr inet proto tcp to any port 22 -> {J4}\n"
        f"rdr inet proto tcp to <both> port 2222 -> {J4}\ntable <both> {{ 192.0.2.1 2001:db8::1 }}\n",
        filter__conf=f"pass in inet proto udp to {J4} port 67:68\npass in proto tcp to {J6} port 53\n",
    )
    assert tomllib.loads(one.text) == {
        "service": {
            "dhcp": {"proto": "udp", "port": [67, 68], "family": "inet"},
            "ssh": {"port": 22, "family": "inet", "rdr": {"to": "any"}, "allow": False},
            "tcp-2222": {"port": 2222, "family": "inet", "rdr": {"to": "<both>"}, "allow": False},
            "dns": {"port": 53, "family": "inet6", "rdr": False},
        },
        "table": {"both": {"addresses": ["192.0.2.1", "2001:db8::1"]}},
    }
    assert compared(host, one) == []


def test_what_is_let_in_for_one_family_splits_the_service(host: Host) -> None:
    one = imported(
        host,
        rdr__conf=f"rdr inet proto tcp to <ext_ip4> port 80 -> {J4}\nrdr inet6 proto tcp to <ext_ip6> port 80 -> {J6}\n",
        filter__conf=f"pass in proto tcp to {J4} port 80\n",
    )
    assert tomllib.loads(one.text)["service"] == {
        "http": {"port": 80, "family": "inet"},
        "http-2": {"port": 80, "family": "inet6", "allow": False},
    }
    assert compared(host, one) == []


def test_two_rules_that_let_in_different_people_are_one_allow(host: Host) -> None:
    one = imported(
        host,
        rdr__conf=f"rdr inet proto tcp to <ext_ip4> port 22 -> {J4}\n",
        filter__conf=f"pass in proto tcp from 192.0.2.1 to {J4} port 22\npass in proto tcp from 192.0.2.2 to {J4} port 22\n",
    )
    assert tomllib.loads(one.text)["service"]["ssh"] == {"port": 22, "allow": {"from": ["192.0.2.1", "192.0.2.2"]}}
    assert compared(host, one) == []
    both = imported(
        host, filter__conf=f"pass in proto tcp from 192.0.2.1 to {J4} port 22\npass in proto tcp to {J4} port 22\n"
    )
    assert tomllib.loads(both.text)["service"]["ssh"] == {"port": 22}


def test_nat_and_binat_become_tables_of_the_jail(host: Host) -> None:
    one = imported(
        host,
        nat__conf=f"# leave as oneself\nnat on em0 inet from {J4} to any -> 198.51.100.7\nnat on em0 inet6 from {J6} to any -> 2001:db8::7\n"
        f"nat on em1 inet proto udp from {J4} to 192.0.2.0/24 port 53 -> (em1) static-port\n",
        binat__conf=f"binat on em0 inet from {J4} to any -> 198.51.100.8\n",
    )  # fmt: skip
    found = tomllib.loads(one.text)
    assert found["nat"] == {
        "out": {"address": ["198.51.100.7", "2001:db8::7"]},
        "out-2": {
            "address": "(em1:0)",
            "on": "em1",
            "to": "192.0.2.0/24",
            "proto": "udp",
            "port": 53,
            "static_port": True,
        },
    }
    assert found["binat"] == {"public": {"address": "198.51.100.8"}}
    assert "# leave as oneself\n[nat.out]" in one.text
    assert one.problems == ()


@pytest.mark.parametrize(
    ("nat", "out"),
    [
        ("", {"pass": {"proto": "tcp", "port": [80, 443]}}),
        (f"nat on em0 inet6 from {J6} to any -> 2001:db8::7\n", {"pass": {"proto": "tcp", "port": [80, 443], "to": "0.0.0.0/0"}}),
        (f"nat on em0 from {J4} to any -> 198.51.100.7\nnat on em0 from {J6} to any -> 2001:db8::7\n", {}),
    ],
)  # fmt: skip
def test_what_lets_out_keeps_its_family_and_nothing_that_nat_has_renamed(host: Host, nat, out) -> None:
    """pf filters what leaves with the address that nat gave it: such a rule let out nothing."""
    host.jail_conf(f"dovecot {{ ip4.addr = {J4}; ip6.addr = {J6}; }}")
    let_out = "".join(
        f"pass out quick on em0 {family} proto tcp from {own} to any port {{ 80 443 }}\n"
        for family, own in (("inet", J4), ("inet6", J6))
    )
    one = imported(host, nat__conf=nat, filter__conf=let_out)
    assert tomllib.loads(one.text).get("out", {}) == out
    assert "".join(map(str, one.problems)).count("lets out nothing") == nat.count("nat on")


def test_mail_toasters_own_table_of_the_jail_is_the_jail(host: Host) -> None:
    one = imported(
        host,
        rdr__conf=f'int_ip4 = "{J4}"\nrdr inet proto tcp from any to <ext_ip4> port {{ 993 995 }} -> $int_ip4\n',
        filter__conf="pass in quick proto tcp from any to <dovecot> port { 993 995 }\n",
        dovecot__table=f"203.0.113.1\n{J4}\n",
        other__table="# 10/8\n10/8 # ten\nmail.example.org\n",
    )
    assert tomllib.loads(one.text) == {
        "service": {"mail": {"port": [993, 995]}}, "table": {"other": {"file": "other.table"}}, "jail": {"ip4": J4},
    }  # fmt: skip
    assert "it also lets in to 203.0.113.1" in "\n".join(map(str, one.warnings))
    assert [str(problem) for problem in one.problems] == [
        f"{host.root}/data/dovecot/etc/pf.conf.d/other.table:3: 'mail.example.org' is a host name, but rules need addresses"
    ]
    assert one.copies[0].content == "# 10/8\n10.0.0.0/8 # ten\n# not imported: mail.example.org\n"


def test_comments_macros_and_continued_lines_are_understood(host: Host) -> None:
    one = imported(
        host,
        rdr__conf='# heading\n\n# of the macro\nports = "{ 993, \\\n 995 }" # behind\next = $ports\n# imap\n'
        f"rdr proto tcp \\\n  to <ext_ip4> \\\n  port $ext -> {J4} # for all\n\n# tail",
        filter__conf=f"pass in proto tcp to {J4} port imaps",
    )
    assert tomllib.loads(one.text)["service"] == {"mail": {"port": 993}, "mail-2": {"port": 995, "allow": False}}
    for comment in ("heading", "of the macro", "behind", "tail"):
        assert f"# {comment}\n" in one.text.partition("[")[0]
    assert "# imap\n# for all\n[service.mail]" in one.text


def test_the_address_that_most_rules_lead_to_is_the_jails(host: Host) -> None:
    one = imported(
        host,
        rdr__conf="rdr inet proto tcp to <ext_ip4> port 80 -> 172.16.15.99\n"
        + "".join(f"rdr inet proto tcp to <ext_ip4> port {port} -> {J4}\n" for port in (25, 587)),
    )
    assert tomllib.loads(one.text)["jail"] == {"ip4": J4}
    assert tomllib.loads(one.text)["service"]["http"]["rdr"] == {"target": "172.16.15.99"}


def test_what_a_redirected_rule_lets_in_is_found_by_its_protocol(host: Host) -> None:
    one = imported(
        host,
        rdr__conf=f"rdr inet proto {{ tcp udp }} to <ext_ip4> port 53 -> {J4}\n",
        filter__conf=f"pass in proto udp to {J4} port 53\npass in proto tcp from 192.0.2.1 to {J4} port 53\n",
    )
    assert tomllib.loads(one.text)["service"] == {
        "dns": {"port": 53, "allow": {"from": "192.0.2.1"}}, "dns-2": {"proto": "udp", "port": 53},
    }  # fmt: skip
    assert compared(host, one) == []


def test_names_of_jails_are_their_addresses(host: Host) -> None:
    """As senders, as targets, in lists, and for a jail of both families."""
    host.jail_conf(f"dovecot {{ ip4.addr = {J4}; ip6.addr = {J6}; }}\nweb {{ ip4.addr = 172.16.15.2; }}\n")
    one = imported(
        host,
        rdr__conf="rdr on em0 inet proto tcp from any to <ext_ip4> port 993 -> dovecot\n",
        filter__conf="pass in quick proto tcp from any to dovecot port 993\npass in quick inet proto tcp from { web 192.0.2.1 } to dovecot port 25\n",
    )
    assert tomllib.loads(one.text)["service"] == {
        "mail": {"port": 993, "family": "inet"},
        "mail-2": {"port": 993, "family": "inet6", "rdr": False},
        "mail-3": {"port": 25, "from": ["172.16.15.2", "192.0.2.1"], "rdr": False},
    }
    assert "-> 172.16.15.15\n" in one.before


def test_a_pool_is_a_list_of_targets(host: Host) -> None:
    """By turns, by the client's address, or sticky; the jail itself may be one."""
    one = imported(
        host,
        rdr__conf=f"rdr on em0 inet proto tcp to <ext_ip4> port 80 -> {{ {J4} 172.16.15.2 }} round-robin sticky-address\n"
        f"rdr on em0 inet proto tcp to <ext_ip4> port 443 -> {{ {J4}, 172.16.15.2 }} source-hash\n",
        filter__conf=f"pass in quick proto tcp to {{ {J4} 172.16.15.2 }} port {{ 80 443 }}\n",
        nat__conf=f"nat on em0 inet from {J4} to any -> 192.0.2.1\n",
    )
    both = [J4, "172.16.15.2"]
    assert tomllib.loads(one.text)["service"] | {"tcp": None} == {
        "http": {"port": 80, "rdr": {"target": both, "sticky_address": True}},
        "http-2": {"port": 443, "rdr": {"target": both, "source_hash": True}},
        "tcp": None,
    }
    lost = imported(host, rdr__conf=f"rdr inet proto tcp to <ext_ip4> port 25 -> {{ {J4} 172.16.15.2 }} random\n")
    assert "not random" in str(lost.problems[0])


def test_reply_to_is_an_uplink_of_the_settings(host: Host) -> None:
    """By card and gateway; without one the line is kept, with what jailpf.toml would say."""
    line = f"pass in quick on em1 reply-to (em1 198.51.100.1) inet proto tcp to {J4} port 25\n"
    files = {"rdr__conf": f"rdr on em1 inet proto tcp to 198.51.100.2 port 25 -> {J4}\n", "filter__conf": line}
    one = imported(host, **files)
    assert "no uplink has the interface em1 and the gateway 198.51.100.1; add [host.uplink.em1]" in str(one.problems[0])
    link = Uplink(interface=Interface("em1"), gateway=(Gateway.parse("198.51.100.1"),))
    known = replace(settings(host), host=replace(settings(host).host, uplinks={"second": link}))
    (one,) = host.adapter("pfrule", known).import_([rules(host, **files)])
    assert tomllib.loads(one.text)["service"]["mail"] == {
        "port": 25, "rdr": {"to": "198.51.100.2", "on": "em1"}, "allow": {"on": "em1"},
    }  # fmt: skip
