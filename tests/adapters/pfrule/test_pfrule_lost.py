"""Lines of a folder that a declaration has no words for are told, and kept as comments."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from jailpf.declare.host import Host as HostSettings
from jailpf.values import Interface

if TYPE_CHECKING:
    from stand_ins.host import Host


from folder_rules import J4, J6, SEED_RDR, imported, rules, settings


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("rdr__conf", "no rdr on em0 proto tcp from any to any port 80", "write it in pf.conf, above its rdr-anchor line"),
        ("rdr__conf", f"rdr inet proto tcp from any to $ext port 80 -> {J4}", "the macro $ext is not defined here"),
        ("rdr__conf", f"rdr inet proto tcp from any to <ext_ip4> port 80 -> {{ {J4} {J6} }}", "is not an inet address"),
        ("rdr__conf", "rdr inet proto tcp from any to <ext_ip4> port 80 -> <pool>", "the target: '<pool>' is not an address"),
        ("rdr__conf", f"rdr inet6 proto tcp from any to <ext_ip4> port 80 -> {J4}", "172.16.15.15 is not an inet6 address"),
        ("rdr__conf", f"rdr from any to <ext_ip4> -> {J4}", "a service needs a protocol"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> -> {J4}", "it redirects all ports"),
        ("rdr__conf", f"rdr proto tcp from any port 5 to <ext_ip4> port 5 -> {J4}", "rdr has no `from_port`"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> port 5:9 -> {J4} port 5", "cannot share one port"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> port 5:9 -> {J4} port 65534:*", "does not fit behind"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> port 99999 -> {J4}", "port 99999 does not exist"),
        ("rdr__conf", f"rdr proto tcp from any to <ext_ip4> port nosuchthing -> {J4}", "'nosuchthing' is not a port"),
        ("rdr__conf", f"rdr proto tcp from any to ! 192.0.2.1 port 5 -> {J4}", "this cannot be published; write an address"),
        ("rdr__conf", f"rdr proto tcp from {{ !192.0.2.1 !192.0.2.2 }} to <ext_ip4> port 5 -> {J4}", "a list with a negation"),
        ("rdr__conf", f"rdr on ! em0 proto tcp to <ext_ip4> port 5 -> {J4}", "no negated interface"),
        ("rdr__conf", f"rdr proto tcp from any to mail.example.org port 5 -> {J4}", "is a host name"),
        ("rdr__conf", f"rdr proto tcp to <ext_ip4> port 5 tagged x -> {J4}", "has no `tagged`"),
        ("rdr__conf", f"rdr pass log (all, user) proto tcp to <ext_ip4> port 5 -> {J4}", "log has no `user`"),
        ("rdr__conf", f"rdr proto tcp to <ext_ip4> port {{ 5 -> {J4}", "'->' is not a port"),
        ("rdr__conf", "rdr proto tcp to <ext_ip4> port 5", "a syntax error: `->` is missing"),
        ("rdr__conf", "pass in proto tcp to any", "a pass rule in rdr.conf is never loaded"),
        ("rdr__conf", "table x { }", "a syntax error: write `table <name>`"),
        ("rdr__conf", 'table <x> file "a" file "b"', "a table has one file"),
        ("rdr__conf", "table <x> { self }", "'self' is not an address"),
        ("rdr__conf", "table <x> woof", "a table has no `woof`"),
        ("rdr__conf", "table <+x> { 192.0.2.1 }", "is not the name of a table"),
        ("filter__conf", f"pass in to {J4}", "a service needs a protocol"),
        ("filter__conf", "pass in proto tcp to any port 25", "it lets in to every address"),
        ("filter__conf", "pass in proto tcp to { 10.9.9.9 em0 } port 25", "10.9.9.9, (em0) is not this jail's address"),
        ("filter__conf", f"pass in proto tcp to {J4} port >< 25", "'><' is not a port"),
        ("filter__conf", f"pass in log (matches) proto tcp to {J4} port 25", "log has no `matches`"),
        ("filter__conf", f"pass in proto tcp to {J4} port 25 user root", "a declaration has no `user`"),
        ("filter__conf", f"pass in proto tcp to {J4} port 25 flags S/SAFR", "a declaration has no `flags`"),
        ("filter__conf", f"pass in proto tcp to {J4} port 25 keep state (if-bound)", "a declaration has no `if-bound`"),
        ("filter__conf", f"pass in proto tcp to {J4} port 25 keep state (max 5", "`)` is missing"),
        ("filter__conf", "pass in proto tcp to 172.16.15.99 port 25", "another jail, but nothing here redirects to that|is not this jail's"),
        ("filter__conf", "pass out proto tcp from any to any", "from any is more than this jail"),
        ("filter__conf", f"pass out on em7 proto tcp from {J4} to any", "for the external interface only"),
        ("filter__conf", f"pass out log proto tcp from {J4} to any", "has no log"),
        ("nat__conf", f"nat on em0 from {J4} to any -> <pool>", "<pool> is not one address"),
        ("nat__conf", f"nat on em0 from {J4} to any -> {{ 192.0.2.1 192.0.2.2 }}", "one address to leave by"),
        ("binat__conf", f"binat on em0 from {J4} to 192.0.2.9 -> 192.0.2.1", "has no `to`"),
        ("binat__conf", f"binat on em0 from {J4} to any -> (em0:0)", "binat of a declaration needs an address"),
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
        "allow.conf: was left out: pfrule.sh loads filter.conf instead of it", "allow.conf:1:1: was left out with its file",
        "dovecot, which no section of a declaration is", "extra.conf:3:1: was left out with its file",
    ]  # fmt: skip
    assert "# pass all\n" in one.text


def test_a_line_of_a_family_that_its_target_has_not_is_named(host: Host) -> None:
    """pfctl refuses it; it is no rule."""
    host.jail_conf(f"dovecot {{ ip4.addr = {J4}; ip6.addr = {J6}; }}\n")
    lines = f"pass in quick inet6 proto tcp to {J4} port 25\npass in quick proto tcp to {J4} port 80\n"
    one = imported(host, filter__conf=lines)
    assert "it is for inet6, but its target has no such address; it was dropped" in str(one.problems[0])
    assert tomllib.loads(one.text)["service"] == {"http": {"port": 80, "family": "inet", "rdr": False}}


def test_default_tables_of_another_name_come_with_a_warning(host: Host) -> None:
    folder = rules(host, rdr__conf=f"rdr pass log proto tcp to <ext_ip4> port 25 -> {J4}\n")
    base = replace(settings(host), host=HostSettings(ext_if=(Interface("em0"),)))
    (one,) = host.adapter("pfrule", base).import_([folder])
    assert [problem.message for problem in one.warnings] == [
        "rdr does not log; allow = { log = true } does",
        "<ext_ip4> became the host's address, (em0:0); set ext_ip in jailpf.toml",
    ]


def test_a_network_with_host_bits_is_normalised_with_a_warning(host: Host) -> None:
    one = imported(host, nat__conf="nat on em0 inet from 172.16.15.0/12 to any -> (em0)\n", rdr__conf=SEED_RDR)
    assert "pf reads 172.16.15.0/12 as 172.16.0.0/12, so it was written that way" in "\n".join(map(str, one.warnings))
    (problem,) = one.problems
    assert "from 172.16.0.0/12 is more than this jail; [host] nat" in str(problem)
    assert "# nat on em0 inet from 172.16.15.0/12 to any -> (em0)\n" in one.text


def test_a_deny_of_all_but_a_network_is_of_both_families(host: Host) -> None:
    """Of a rule of one family nothing of the other may be shut out; a comment of a table file may begin with either sign."""
    host.jail_conf(f"dovecot {{ ip4.addr = {J4}; ip6.addr = {J6}; }}")
    block = f"block out quick from {J4} to ! 172.16.0.0/12\nblock in quick from <bad> to {J4}\n"
    one = imported(host, filter__conf=block, bad__table="192.0.2.0/24 ; old\n; more\n!192.0.2.7\n")
    assert list(tomllib.loads(one.text)["deny"]) == ["bad"]
    assert "all but a network would be of both" in str(one.problems[0])
    assert (len(one.problems), one.copies[0].content) == (1, "192.0.2.0/24 ; old\n; more\n!192.0.2.7\n")
