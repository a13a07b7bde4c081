"""`jailpf trace`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Answer, Desk


def ask(jailpf: Callable[..., Answer], words: str) -> Answer:
    return jailpf("trace", *words.split())


def test_it_names_the_way_and_the_line_that_made_it(jailpf: Callable[..., Answer]) -> None:
    """Each rule that decided comes with its anchor, and with the file and line that declared it."""
    answer = ask(jailpf, "tcp from 198.51.100.7 to ext_ip4 port 993")
    assert answer.status == 0
    assert "reaches dovecot at 172.16.15.15 port 993" in answer.out
    assert "jailpf/dovecot: rdr on em0 inet proto tcp" in answer.out
    assert "dovecot.toml:2:1: [service.mail] of dovecot" in answer.out


@pytest.mark.parametrize(
    ("words", "reaches"),
    [
        ("tcp from 198.51.100.7 to ext_ip4 port 110", ""),
        ("tcp from 192.0.2.7 to ext_ip4 port 110", "dovecot at 172.16.15.15 port 110"),
        ("tcp from 2001:db8::77 to ext_ip6 port 995", "dovecot at fd7a:e5cd:1fc1:186f:dead:beef:cafe:f port 995"),
        ("tcp from 198.51.100.7 to ext_ip4 port 8080", "git at 172.16.15.29 port 80"),
        ("tcp from 198.51.100.7 to jail git port 80", ""),
        ("tcp from jail dovecot to jail git port 80", ""),
        ("inet6 tcp from host to jail dovecot port 993", ""),
        ("udp from 198.51.100.7 port 53 to 203.0.113.1 port 993 on em0", ""),
        ("icmp6 from 2001:db8::77 to ext_ip6", "host at 2001:db8::1"),
    ],
)
def test_only_what_is_published_is_reached(jailpf: Callable[..., Answer], words: str, reaches: str) -> None:
    """By its published address and port, from whom it is published for, and not by the private address."""
    answer = ask(jailpf, words)
    assert (answer.status, reaches in answer.out) == (0 if reaches else 1, True)


def test_a_block_names_the_nearest_declaration(jailpf: Callable[..., Answer]) -> None:
    """The one that would have let it in, had one thing been different."""
    answer = ask(jailpf, "tcp from 198.51.100.7 to ext_ip4 port 110")
    assert "is blocked: block drop all" in answer.out
    assert "[service.mail-insecure] of dovecot: differs in from" in answer.out


def test_json_has_the_steps(jailpf: Callable[..., Answer]) -> None:
    """For programs: the verdict, the steps, and the place of each rule."""
    answer = json.loads(ask(jailpf, "tcp from 198.51.100.7 to ext_ip4 port 993 --json").out)
    assert (answer["version"], answer["verdict"], answer["delivered_to"]) == (1, "pass", "dovecot")
    assert [step["phase"] for step in answer["steps"]] == ["rdr", "filter"]
    assert answer["steps"][0]["rule"]["place"]["line"] == 2


def test_declared_asks_before_anything_is_loaded(desk: Desk) -> None:
    """A change can be tried before it is live."""
    words = ("trace", "tcp", "from", "198.51.100.7", "to", "ext_ip4", "port", "993")
    assert desk.jailpf(*words).status == 1
    assert desk.jailpf(*words, "--declared").status == 0


def test_another_main_ruleset_can_be_tried(loaded: Desk) -> None:
    """`block quick` above the anchor line wins; what only the host knows makes the answer `cannot be determined`."""
    words = ("trace", "tcp", "from", "198.51.100.7", "to", "203.0.113.1", "port", "993", "--main")
    anchors = 'rdr-anchor "jailpf/*"\nblock in quick on em0 all\nanchor "jailpf/*"\n'
    assert "block drop in quick" in loaded.jailpf(*words, str(loaded.write("a.conf", anchors))).out
    odd = 'rdr-anchor "jailpf/*"\nblock in quick on em0 from bad.example.org\n'
    answer = loaded.jailpf(*words, str(loaded.write("b.conf", odd)))
    assert "cannot be determined" in answer.out
    assert "not known here: no IP address found for bad.example.org" in answer.err
    empty = 'table <bad> persist\nrdr-anchor "jailpf/*"\nblock in quick from <bad>\nanchor "jailpf/*"\n'
    assert "cannot be determined" in loaded.jailpf(*words, str(loaded.write("d.conf", empty))).out
    assert loaded.jailpf(*words, "/nonexistent").status == 78


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("pass in on $ext all\n", 1),
        ("pass all\nnat on em0 from 10.0.0.0/8 to any -> (em0)\n", 2),
        ("pass all\nblok in all\n", 2),
        ("pass in quick on em0 all route-to (em0 192.0.2.1)\n", 1),
        ("pass in from em9 to any\n", 1),
    ],
)
def test_a_file_that_pfctl_refuses_decides_nothing(loaded: Desk, text: str, line: int) -> None:
    """An undefined macro, rules out of order, a misspelt word, an interface that has no address: said first, with its line."""
    file = loaded.write("bad.conf", text)
    for command in ("trace tcp from 198.51.100.7 to 203.0.113.1 port 22", "reach", "plan", "promises", "plan git"):
        answer = loaded.jailpf(*command.split(), "--main", str(file))
        assert answer.status == 71
        assert answer.out == ""
        first, *rest = answer.err.splitlines()
        assert "refuse this file as a whole" in first
        assert any(f"bad.conf:{line}" in one for one in rest)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("tcp from 1.2.3.4 to 5.6.7.8", 64, "tcp goes to a port"),
        ("tpc from 1.2.3.4 to 5.6.7.8 port 1", 64, "is not a protocol"),
        ("tcp to 5.6.7.8 port 1", 64, "a sender and a receiver"),
        ("tcp from jail gitt to ext_ip4 port 1", 66, "did you mean 'git'?"),
        ("tcp from jail", 64, "jail which?"),
        ("tcp from 1.2.3.4 to ext_ip4 port 80:90", 64, "more than one port"),
        ("tcp from 1.2.3.4 to ext_ip4 port http", 64, "is not a port"),
        ("tcp+udp from 1.2.3.4 to ext_ip4 port 1", 64, "one protocol at a time"),
        ("tcp from 1.2.3 to ext_ip4 port 1", 64, "is not an address"),
        ("tcp from 1.2.3.4 to ext_ip4 port 1 on em7", 64, "no interface 'em7'"),
        ("tcp from 1.2.3.4 to ext_ip4 port 1 frob", 64, "is not understood"),
        ("tcp from 1.2.3.4 to ext_ip6 port 1", 64, "not of one family"),
        ("inet6 tcp from host to jail git port 1", 64, "git has no inet6 address"),
    ],
)
def test_a_question_that_makes_no_sense_is_one_error(
    jailpf: Callable[..., Answer], words: str, status: int, said: str
) -> None:
    """One line on stderr, nothing on stdout."""
    answer = ask(jailpf, words)
    assert (answer.status, answer.out) == (status, "")
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


def test_the_nearest_rules_of_the_main_ruleset_are_named_too(loaded: Desk) -> None:
    """Beside the declarations the two best lines of pf.conf; and what the filter saw behind the rdr."""
    conf = loaded.write(
        "pf.conf",
        'rdr on em0 inet proto tcp to 203.0.113.1 port 2222 -> 172.16.15.29 port 22\nblock all\nanchor "jailpf/*"\n'
        "pass in on em0 inet proto tcp to 203.0.113.1 port 2222\npass in on em0 inet proto tcp to port 23\n",
    )
    answer = ask(loaded.jailpf, f"tcp from 198.51.100.7 to 203.0.113.1 port 2222 --main {conf}")
    assert answer.status == 1
    assert "the filter sees the address after the rdr: 172.16.15.29 port 22" in answer.out
    assert "main ruleset, line 4: differs in to and port" in answer.out
    assert "main ruleset, line 5: differs in port" in answer.out


def test_what_jails_send_is_no_near_miss_of_what_comes_in(desk: Desk) -> None:
    """A rule for what a jail sends, `[out.x]`, can never let in what arrives from outside."""
    desk.write(
        "jails/web.toml", '[jail]\nip4 = "172.16.15.50"\n[out.x]\nto = "203.0.113.1"\nproto = "tcp"\nport = 8089\n'
    )
    assert desk.jailpf("load", "web").status == 0
    answer = ask(desk.jailpf, "tcp from 198.51.100.7 to 203.0.113.1 port 8089")
    assert answer.status == 1
    assert "[out.x] of web" not in answer.out
    sent = desk.write("pf.conf", 'block all\nanchor "jailpf/*"\n')
    answer = ask(desk.jailpf, f"tcp from jail web to 203.0.113.9 port 8089 --main {sent}")
    assert "[out.x] of web" in answer.out


def test_what_leaves_says_as_whom(loaded: Desk) -> None:
    """A NATed connection names the source that the receiver sees; a private one that nothing translates gets no answer."""
    conf = loaded.write("pf.conf", "nat on em0 inet from 172.16.15.29 to any -> (em0:0)\npass\n")
    answer = ask(loaded.jailpf, f"tcp from jail git to 192.0.2.9 port 443 --main {conf}")
    assert "reaches 192.0.2.9 port 443, which sees 203.0.113.1" in answer.out
    answer = ask(loaded.jailpf, f"inet tcp from jail dovecot to 192.0.2.9 port 443 --main {conf}")
    assert answer.status == 1
    assert "gets no answer: 172.16.15.15 is private and no nat rule translates it on em0" in answer.out
    assert "nearest: nat on em0 inet from 172.16.15.29 to any" in answer.out


def test_a_jail_may_be_written_as_in_declarations(jailpf: Callable[..., Answer]) -> None:
    """`jail:NAME` is `jail NAME`."""
    words = "tcp from {}dovecot to {}git port 80"
    assert ask(jailpf, words.format("jail:", "jail:")) == ask(jailpf, words.format("jail ", "jail "))
