from __future__ import annotations

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jailpf import registry
from jailpf.compile.whole import compile_jail
from jailpf.declare import toml
from jailpf.declare.host import Host as HostSettings
from jailpf.declare.host import Uplink
from jailpf.declare.services import read
from jailpf.errors import ConfigError, PermissionDeniedError, UsageError
from jailpf.lifecycle.jails import Jails
from jailpf.managers.importing import Imported, differences
from jailpf.values import Gateway, Interface, Peer
from jailpf_adapters.pfrule.folder import jail_of

if TYPE_CHECKING:
    from stand_ins.host import Host

    from jailpf.declare.settings import Settings

J4, J6 = "172.16.15.15", "fd7a:e5cd:1fc1:186f:dead:beef:cafe:f"
SEED_RDR = """# to permit legacy users to access insecure POP3 & IMAP, add their IPs/masks
table <insecure_mua> persist file "insecure_mua"

rdr inet  proto tcp from any to <ext_ip4> port { 993 995 } -> 172.16.15.15
rdr inet6 proto tcp from any to <ext_ip6> port { 993 995 } -> fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f

rdr inet  proto tcp from <insecure_mua> to <ext_ip4> port { 110 143 } -> 172.16.15.15
rdr inet6 proto tcp from <insecure_mua> to <ext_ip6> port { 110 143 } -> fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f
"""
SEED_ALLOW = """mua_ports = "{ 110 143 993 995 }"
table <mua_servers> { 172.16.15.15, fd7a:e5cd:1fc1:186f:dead:beef:cafe:000f }
pass in quick proto tcp from any to <mua_servers> port $mua_ports
"""


def settings(host: Host) -> Settings:
    tables = {"ext_ip4": (Peer.parse("<ext_ip4>"),), "ext_ip6": (Peer.parse("<ext_ip6>"),)}
    return replace(host.settings, host=HostSettings(ext_if=(Interface("em0"),), **tables))


def rules(host: Host, **files: str) -> str:
    for name, text in files.items():
        host.file(f"data/dovecot/etc/pf.conf.d/{name.replace('__', '.')}", text)
    return f"{host.root}/data/dovecot/etc/pf.conf.d"


def imported(host: Host, **files: str) -> Imported:
    (found,) = imported_by(host, "pfrule", [rules(host, **files)])
    return found


def imported_by(host: Host, adapter: str, names: list[str]) -> list[Imported]:
    return list(host.adapter(adapter, settings(host)).import_(names))


def rendered(host: Host, one: Imported) -> str:
    for sentence in one.write():
        assert sentence
    jails = Jails(settings(host), registry.build())
    services = read(toml.load(one.file), jails.registry.rule_types, settings(host))
    return "".join(anchor.text for anchor in compile_jail(jails.find(one.jail, services), services, jails).anchors)


def compared(host: Host, one: Imported) -> list[str]:
    return [str(difference) for difference in differences(one.before, rendered(host, one))]


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


def test_a_network_with_host_bits_is_normalised_with_a_warning(host: Host) -> None:
    one = imported(host, nat__conf="nat on em0 inet from 172.16.15.0/12 to any -> (em0)\n", rdr__conf=SEED_RDR)
    assert "172.16.15.0/12 is 172.16.0.0/12 to pf, and is written so" in "\n".join(map(str, one.warnings))
    (problem,) = one.problems
    assert "from 172.16.0.0/12 is more than this jail; [host] nat" in str(problem)
    assert "# nat on em0 inet from 172.16.15.0/12 to any -> (em0)\n" in one.text


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


def test_nat_binat_and_out_become_tables_of_the_jail(host: Host) -> None:
    one = imported(
        host,
        nat__conf=f"# leave as oneself\nnat on em0 inet from {J4} to any -> 198.51.100.7\nnat on em0 inet6 from {J6} to any -> 2001:db8::7\n"
        f"nat on em1 inet proto udp from {J4} to 192.0.2.0/24 port 53 -> (em1) static-port\n",
        binat__conf=f"binat on em0 inet from {J4} to any -> 198.51.100.8\n",
        filter__conf=f"pass out quick on em0 inet proto tcp from {J4} to any port {{ 80 443 }}\npass out on em0 inet6 proto tcp from {J6} to any port {{ 80 443 }}\n",
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
    assert found["out"] == {"pass": {"proto": "tcp", "port": [80, 443]}}
    assert "# leave as oneself\n[nat.out]" in one.text
    assert one.problems == ()


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
        f"{host.root}/data/dovecot/etc/pf.conf.d/other.table:3: 'mail.example.org' is not an address"
    ]
    assert one.copies[0].content == "# 10/8\n10.0.0.0/8 # ten\n# not imported: mail.example.org\n"


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("rdr__conf", "no rdr on em0 proto tcp from any to any port 80", "put it into pf.conf, above its rdr-anchor line"),
        ("rdr__conf", f"rdr inet proto tcp from any to $ext port 80 -> {J4}", "the macro $ext is not defined here"),
        ("rdr__conf", f"rdr inet proto tcp from any to <ext_ip4> port 80 -> {{ {J4} {J6} }}", "is not an inet address"),
        ("rdr__conf", "rdr inet proto tcp from any to <ext_ip4> port 80 -> <pool>", "the target: '<pool>' is not an address"),
        ("rdr__conf", f"rdr inet6 proto tcp from any to <ext_ip4> port 80 -> {J4}", "172.16.15.15 is not an inet6 address"),
        ("rdr__conf", f"rdr from any to <ext_ip4> -> {J4}", "a service needs a protocol"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> -> {J4}", "all ports are redirected"),
        ("rdr__conf", f"rdr proto tcp from any port 5 to <ext_ip4> port 5 -> {J4}", "rdr has no `from_port`"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> port 5:9 -> {J4} port 5", "several ports cannot share one"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> port 5:9 -> {J4} port 65534:*", "does not fit behind"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> port 99999 -> {J4}", "port 99999 does not exist"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> port nosuchthing -> {J4}", "'nosuchthing' is not a port"),
        ("rdr__conf", f"rdr proto tcp from any to ! 192.0.2.1 port 5 -> {J4}", "this cannot be published; write an address"),
        ("rdr__conf", f"rdr proto tcp from {{ !192.0.2.1 !192.0.2.2 }} to <ext_ip4> port 5 -> {J4}", "a list with a negation"),
        ("rdr__conf", f"rdr on ! em0 proto tcp to <ext_ip4> port 5 -> {J4}", "no negated interface"),
        ("rdr__conf", f"rdr proto tcp from any to mail.example.org port 5 -> {J4}", "is not an address"),
        ("rdr__conf", f"rdr proto tcp to <ext_ip4> port 5 tagged x -> {J4}", "knows no `tagged`"),
        ("rdr__conf", f"rdr pass log (all) proto tcp to <ext_ip4> port 5 -> {J4}", "no options of `log`"),
        ("rdr__conf", f"rdr proto tcp to <ext_ip4> port {{ 5 -> {J4}", "a syntax error"),
        ("rdr__conf", "rdr proto tcp to <ext_ip4> port 5", "a syntax error: `->` is missing"),
        ("rdr__conf", "pass in proto tcp to any", "a pass rule in rdr.conf is never loaded"),
        ("rdr__conf", "table x { }", "a syntax error: `table <name>` is meant"),
        ("rdr__conf", 'table <x> file "a" file "b"', "a table has one file"),
        ("rdr__conf", "table <x> { self }", "'self' is not an address"),
        ("rdr__conf", "table <x> woof", "a table has no `woof`"),
        ("rdr__conf", "table <+x> { 192.0.2.1 }", "is not the name of a table"),
        ("filter__conf", f"pass in to {J4}", "a service needs a protocol"),
        ("filter__conf", "pass in proto tcp to any port 25", "it lets in to every address"),
        ("filter__conf", "pass in proto tcp to { 10.9.9.9 em0 } port 25", "10.9.9.9, (em0) is not this jail's address"),
        ("filter__conf", f"pass in proto tcp to {J4} port != 25", "a declaration has no `port !=`"),
        ("filter__conf", f"pass in log (all) proto tcp to {J4} port 25", "no options of `log`"),
        ("filter__conf", f"pass in proto tcp to {J4} port 25 user root", "a declaration has no `user`"),
        ("filter__conf", f"pass in proto tcp to {J4} port 25 flags S/SAFR", "a declaration has no `flags`"),
        ("filter__conf", f"pass in proto tcp to {J4} port 25 keep state (if-bound)", "a declaration has no `if-bound`"),
        ("filter__conf", f"pass in proto tcp to {J4} port 25 keep state (max 5", "`)` is missing"),
        ("filter__conf", "pass in proto tcp to 172.16.15.99 port 25", "another jail, which nothing here redirects to|is not this jail's"),
        ("filter__conf", "pass out proto tcp from any to any", "from any is more than this jail"),
        ("filter__conf", f"pass out on em7 proto tcp from {J4} to any", "about the external interface"),
        ("filter__conf", f"pass out log proto tcp from {J4} to any", "has no log"),
        ("nat__conf", f"nat on em0 from {J4} to any -> <pool>", "<pool> is not one address"),
        ("nat__conf", f"nat on em0 from {J4} to any -> {{ 192.0.2.1 192.0.2.2 }}", "one address to leave by"),
        ("binat__conf", f"binat on em0 from {J4} to 192.0.2.9 -> 192.0.2.1", "has no `to`"),
        ("binat__conf", f"binat on em0 from {J4} to any -> (em0:0)", "binat names its address"),
        ("filter__conf", "anchor x", "a declaration has no `anchor`"),
    ],
)  # fmt: skip
def test_what_cannot_be_expressed_is_reported_and_kept(host: Host, name, line, reason) -> None:
    files = {"rdr__conf": f"rdr inet proto tcp to <ext_ip4> port 993 -> {J4}\n"}
    files[name] = files.get(name, "") + line + " # why\n"
    one = imported(host, **files)
    assert re.search(reason if "|" in reason else re.escape(reason), "\n".join(map(str, one.problems)))
    assert f"# {line}\n" in one.text
    assert "mail" in tomllib.loads(one.text)["service"]


def test_files_of_other_names_are_kept_as_comments(host: Host) -> None:
    one = imported(
        host, rdr__conf=f"rdr proto tcp to <ext_ip4> port 25 -> {J4}\n", filter__conf=f"pass proto tcp to {J4} port 25\n",
        allow__conf=f"pass in proto tcp to {J4} port 26\n", extra__conf="\n# note\npass all\n", pfrule__sh="#!/bin/sh\n",
    )  # fmt: skip
    assert [str(problem).rpartition("/")[2] for problem in one.problems] == [
        "allow.conf: is left out: pfrule.sh loads filter.conf instead of it", "allow.conf:1: is left out with its file",
        "dovecot, which no section of a declaration is", "extra.conf:3: is left out with its file",
    ]  # fmt: skip
    assert "# pass all\n" in one.text


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


def test_default_tables_of_another_name_come_with_a_warning(host: Host) -> None:
    folder = rules(host, rdr__conf=f"rdr pass log proto tcp to <ext_ip4> port 25 -> {J4}\n")
    base = replace(settings(host), host=HostSettings(ext_if=(Interface("em0"),)))
    (one,) = host.adapter("pfrule", base).import_([folder])
    assert [problem.message for problem in one.warnings] == [
        "rdr does not log; allow = { log = true } does",
        "<ext_ip4> became the host's address, (em0:0); set ext_ip in jailpf.toml",
    ]


def test_a_missing_table_file_begins_empty(host: Host) -> None:
    one = imported(host, rdr__conf=SEED_RDR)
    assert one.copies[0].content == ""
    assert "is not there; the table begins empty" in str(one.warnings[0])


def test_a_link_in_a_folder_that_the_jail_can_write_is_not_followed(host: Host) -> None:
    folder = rules(host, rdr__conf=SEED_RDR)
    os.symlink("/etc/passwd", f"{folder}/passwd.table")
    with pytest.raises(ConfigError, match=r"passwd\.table: is not a plain file; links are not followed"):
        imported_by(host, "pfrule", [folder])
    os.unlink(f"{folder}/passwd.table")
    os.mkfifo(f"{folder}/nat.conf")
    with pytest.raises(ConfigError, match=r"nat\.conf: is not a plain file"):
        imported_by(host, "pfrule", [folder])


def test_a_file_without_end_is_refused(host: Host, monkeypatch) -> None:
    monkeypatch.setattr("jailpf.managers.importing.reading.MAX_BYTES", 10)
    with pytest.raises(ConfigError, match="is larger than"):
        imported(host, rdr__conf=SEED_RDR)


def test_closed_files_and_folders_say_run_as_root(host: Host, monkeypatch) -> None:
    folder = rules(host, rdr__conf=SEED_RDR)

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("jailpf.managers.importing.reading.os.open", closed)
    with pytest.raises(PermissionDeniedError, match="run as root"):
        imported_by(host, "pfrule", [folder])
    monkeypatch.undo()
    monkeypatch.setattr("jailpf_adapters.pfrule.folder.os.listdir", closed)
    with pytest.raises(PermissionDeniedError, match="run as root"):
        imported_by(host, "pfrule", [folder])


@pytest.mark.parametrize(
    ("folder", "jail"),
    [("/data/dovecot/etc/pf.conf.d", "dovecot"), ("/etc/mail-toaster/web/pf.conf.d/", "web"), ("/srv/rules/db", "db")],
)
def test_the_folder_tells_the_jail(folder, jail) -> None:
    assert jail_of(folder) == jail


@pytest.mark.parametrize("folder", ["/etc/pf.conf.d", "/", "/a b"])
def test_a_folder_that_tells_no_jail_is_refused(folder) -> None:
    with pytest.raises(UsageError, match="does not tell which jail"):
        jail_of(folder)


def test_no_folder_and_no_such_folder_are_errors(host: Host) -> None:
    with pytest.raises(UsageError, match="import the rules of which folders"):
        imported_by(host, "pfrule", [])
    with pytest.raises(ConfigError, match="/nonexistent: no such folder"):
        imported_by(host, "pfrule", ["/nonexistent"])


def test_a_manager_that_is_broken_is_a_warning(host: Host) -> None:
    host.jail_conf("broken {")
    one = imported(host, rdr__conf=SEED_RDR)
    assert "unexpected EOF" in str(one.warnings[0])


def test_nothing_is_overwritten_and_nothing_half_written(host: Host, monkeypatch) -> None:
    one = imported(host, rdr__conf=SEED_RDR, insecure_mua="192.0.2.1\n")
    beside = host.root / "jailpf/jails"
    host.file("jailpf/jails/insecure_mua.table", "198.51.100.1\n")
    with pytest.raises(ConfigError, match=r"insecure_mua\.table: is there already; rename or remove it"):
        one.write()
    assert os.listdir(beside) == ["insecure_mua.table"]
    host.file("jailpf/jails/insecure_mua.table", "192.0.2.1\n")
    assert one.write() == [f"{one.file} is written"]
    with pytest.raises(ConfigError, match=r"dovecot\.toml: is there already; `jailpf import -n`"):
        one.write()
    for name in os.listdir(beside):
        (beside / name).unlink()
    (beside / "insecure_mua.table").mkdir()
    with pytest.raises(ConfigError, match="is there already"):
        one.write()
    (beside / "insecure_mua.table").rmdir()

    for wrong, error in ((PermissionError(13, "no"), PermissionDeniedError), (OSError(28, "full"), ConfigError)):
        opened = os.open

        def failing(path: str, *more: int, wrong: OSError = wrong, opened=opened) -> int:
            if path.endswith("dovecot.toml"):
                raise wrong
            return opened(path, *more)

        with monkeypatch.context() as patch:
            patch.setattr("jailpf.managers.imported.os.open", failing)
            with pytest.raises(error, match="cannot be written"):
                one.write()
        assert os.listdir(beside) == []


def test_differences_are_told_from_each_side() -> None:
    before = 'p = "{ 80 443 }"\nrdr proto tcp to 192.0.2.1 port $p -> 10.0.0.1\nscrub in all\n'
    after = (
        "rdr on em0 inet proto tcp from any to 192.0.2.1 port 80 -> 10.0.0.1\n"
        "rdr on em0 inet proto tcp from any to 192.0.2.1 port 444 -> 10.0.0.1 port 443\n"
    )
    assert list(map(str, differences(before, after))) == [
        "before: scrub in all (not understood)",
        "before: rdr inet proto tcp from any to 192.0.2.1 port 443 -> 10.0.0.1",
        "after: rdr inet proto tcp from any to 192.0.2.1 port 444 -> 10.0.0.1:443",
    ]
    assert differences(after, after) == []


def test_tables_lists_families_and_service_names_are_written_out() -> None:
    before = 'table <t> { 10.0.0.1, fd00::1 }\npass in quick proto tcp from any to <t> port { http 443 } label "x"\n'
    after = (
        'pass quick inet proto tcp from 0.0.0.0/0 to 10.0.0.1 port { 80 443 } tagged "y"\n'
        "pass quick inet6 proto tcp from any to fd00:0::1 port 80\npass quick inet6 proto tcp from any to fd00::1 port 443\n"
    )
    assert differences(before, after) == []


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


def test_a_list_of_one_family_each_and_long_ranges_are_compared(host: Host) -> None:
    one = imported(
        host,
        rdr__conf=f"rdr inet proto udp to <ext_ip4> port 30000:40000 -> {J4} port 20000:*\n",
        filter__conf=f"pass in proto udp to {J4} port 20000:30000\n",
    )
    assert tomllib.loads(one.text)["service"] == {
        "udp-20000": {"proto": "udp", "port": "20000:30000", "rdr": {"port": "30000:40000"}}
    }
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
    assert "not by random" in str(lost.problems[0])


def test_reply_to_is_an_uplink_of_the_settings(host: Host) -> None:
    """By card and gateway; without one the line is kept, with what jailpf.toml would say."""
    line = f"pass in quick on em1 reply-to (em1 198.51.100.1) inet proto tcp to {J4} port 25\n"
    files = {"rdr__conf": f"rdr on em1 inet proto tcp to 198.51.100.2 port 25 -> {J4}\n", "filter__conf": line}
    one = imported(host, **files)
    assert "no uplink has em1 and 198.51.100.1; jailpf.toml would say [host.uplink.em1]" in str(one.problems[0])
    link = Uplink(interface=Interface("em1"), gateway=(Gateway.parse("198.51.100.1"),))
    known = replace(settings(host), host=replace(settings(host).host, uplinks={"second": link}))
    (one,) = host.adapter("pfrule", known).import_([rules(host, **files)])
    assert tomllib.loads(one.text)["service"]["mail"] == {
        "port": 25, "rdr": {"to": "198.51.100.2", "on": "em1"}, "allow": {"on": "em1"},
    }  # fmt: skip


def test_one_empty_folder_of_several_keeps_nothing_of_the_others(host: Host) -> None:
    """It is named, and the rest is imported."""
    host.jail_conf(f"dovecot {{ ip4.addr = {J4}; }}\n")
    good = rules(host, filter__conf=f"pass in quick proto tcp to {J4} port 25\n")
    empty = host.root / "data/web/etc/pf.conf.d"
    empty.mkdir(parents=True)
    found = imported_by(host, "pfrule", [str(empty), good])
    assert [(one.jail, bool(one.text), len(one.problems)) for one in found] == [("web", False, 1), ("dovecot", True, 0)]


def test_a_line_of_a_family_that_its_target_has_not_is_named(host: Host) -> None:
    """pfctl refuses it; it is no rule."""
    host.jail_conf(f"dovecot {{ ip4.addr = {J4}; ip6.addr = {J6}; }}\n")
    lines = f"pass in quick inet6 proto tcp to {J4} port 25\npass in quick proto tcp to {J4} port 80\n"
    one = imported(host, filter__conf=lines)
    assert "it is of inet6, and what it lets in to has no such address; it is dropped" in str(one.problems[0])
    assert tomllib.loads(one.text)["service"] == {"http": {"port": 80, "family": "inet", "rdr": False}}
