"""promises.toml: what must never, or always, be reachable."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Desk

DB = '[service.sql]\nport = 5432\n{more}\n[jail]\nip4 = "172.16.15.40"\n'
PRIVATE = 'from = "172.16.15.29"\nrdr = false'
NEVER = '[[never]]\nfrom = "outside"\nto = "jail:db"\nwhy = "the data stay here"\n'
ALWAYS = '[[always]]\nfrom = "jail:git"\nto = "jail:db"\nport = 5432\n'


def test_kept(desk: Desk) -> None:
    """A database that only another jail reaches."""
    desk.write("jails/db.toml", DB.format(more=PRIVATE))
    desk.write("promises.toml", NEVER + ALWAYS)
    answer = desk.jailpf("promises")
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.splitlines() == [
        "kept never from outside to jail:db (the data stay here)",
        "kept always from jail:git to jail:db port 5432",
    ]
    assert desk.jailpf("check").status == 0


def test_a_broken_one_has_an_example_and_a_declaration(desk: Desk) -> None:
    """Promise, reason, packet, declaration; in promises, check, plan, and at the start that would break it."""
    desk.write("jails/db.toml", DB.format(more=""))
    file = desk.write("promises.toml", NEVER)
    sentence = (
        f"{file}:1:1: never from outside to jail:db (the data stay here) is not kept: "
        f"tcp from 198.51.100.7 to 203.0.113.1 port 5432 reaches db, by [service.sql] of db ({desk.root}/jails/db.toml:1:1)"
    )
    for words, status in ((["promises"], 1), (["check"], 65), (["plan"], 1), (["prestart", "db"], 65)):
        answer = desk.jailpf(*words)
        assert answer.status == status, words
        assert sentence in answer.err, words
    assert desk.jailpf("prestart", "git").status == 0
    found = json.loads(desk.jailpf("promises", "--json").out)
    assert found["promises"] == [
        {"promise": "never from outside to jail:db (the data stay here)", "kept": False, "line": 1}
    ]


def test_what_is_loaded_may_keep_what_the_declarations_break(desk: Desk) -> None:
    """--loaded asks pf."""
    desk.write("jails/db.toml", DB.format(more=""))
    desk.write("promises.toml", NEVER)
    assert desk.jailpf("promises", "--loaded").status == 0


def test_always_wants_every_sender(desk: Desk) -> None:
    """A service for the half of the Internet is not one for all of it."""
    promise = '[[always]]\nfrom = "outside"\nto = "jail:db"\nport = 5432\n'
    desk.write("promises.toml", promise)
    desk.write("jails/db.toml", DB.format(more=""))
    assert desk.jailpf("promises").status == 0
    desk.write("jails/db.toml", DB.format(more='from = "128.0.0.0/1"'))
    answer = desk.jailpf("promises")
    assert answer.status == 1
    assert "not every tcp connection from outside reaches db port 5432 (inet)" in answer.err


@pytest.mark.parametrize(
    ("promise", "kept"),
    [
        ('from = "any"\nto = "jail:git"\nport = 80\nexcept = "any"', True),
        ('from = "outside"\nto = "jail:g*"\nport = 80', False),
        ('from = "outside"\nto = "jail:g*"\nport = 8080', True),
        ('from = "outside"\nto = "jail:git"\nproto = "udp"', True),
        ('from = "198.51.100.0/24"\nto = "172.16.15.0/24"', False),
        ('from = "jail:*"\nto = "host"\nport = 22', True),
        ('from = "outside"\nto = "host"\nport = [22, "8000:9000"]', True),
        ('from = ["jail:dovecot", "host"]\nto = "jail:*"\nport = 80', True),
    ],
)
def test_words_of_a_promise(desk: Desk, promise: str, kept: bool) -> None:
    """Whom, ports (those inside), protocols, patterns, exceptions."""
    desk.write("promises.toml", f"[[never]]\n{promise}\n")
    assert desk.jailpf("promises").status == (0 if kept else 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[never]\nfrom = "outside"\n', "promises.toml:1:1: never is written as [[never]], once for each promise"),
        ("[[newer]]\n", "promises.toml:1:1: 'newer' is not a key of promises.toml; did you mean 'never'?"),
        ('[[never]]\nfrom = "outsiders"\nto = "host"\n', "promises.toml:2:8: 'outsiders' is not a sender;"),
        ('[[never]]\nfrom = "outside"\n', "[[never]] has no 'to'; add to = ..."),
        (
            '[[never]]\nfrom = "outside"\nto = "outside"\n',
            "promises.toml:3:6: promises are about this host",
        ),
        ('[[never]]\nfrom = []\nto = "host"\n', "promises.toml:2:8: the array is empty; add at least one value"),
        ('[[never]]\nfrom = "host"\nto = "jail:a b"\n', "is neither the name of a jail nor a pattern"),
        ('[[never]]\nfrom = "host"\nto = "host"\nport = 1\nproto = "icmp"\n', "icmp has no ports; leave `port` out"),
    ],
)
def test_mistakes_have_places(desk: Desk, text: str, said: str) -> None:
    """78, with the line; nothing is promised by a file that cannot be read."""
    desk.write("promises.toml", text)
    answer = desk.jailpf("promises")
    assert answer.status == 78
    assert said in answer.err


def test_no_promises(desk: Desk) -> None:
    """Said, and no fault."""
    answer = desk.jailpf("promises")
    assert (answer.status, answer.out) == (0, "there are no promises; write them in promises.toml beside jailpf.toml\n")


@pytest.mark.parametrize("word", ["never", "always"])
def test_a_promise_about_a_jail_that_nobody_declares_is_not_kept(desk: Desk, word: str) -> None:
    """A mistyped name would be kept for ever; a pattern may wait for its jails."""
    text = f'[[{word}]]\nfrom = "outside"\nto = "jail:dovecto"\n'
    file = desk.write("promises.toml", text + NEVER.replace("jail:db", "jail:db*"))
    said = f"{word} from outside to jail:dovecto is not kept: the jail 'dovecto' is not known; did you mean 'dovecot'?"
    for command, status in (("promises", 1), ("check", 65)):
        answer = desk.jailpf(command)
        assert answer.status == status
        assert answer.err == f"{file}:1:1: {said}\n"


def test_an_exception_for_a_stranger_is_named(desk: Desk) -> None:
    """It narrows nothing, so that the promise may be kept."""
    file = desk.write("promises.toml", '[[never]]\nfrom = "host"\nto = "jail:git"\nport = 1\nexcept = "jail:dovecto"\n')
    answer = desk.jailpf("promises")
    assert (answer.status, answer.err) == (0, f"{file}:1:1: no jail 'dovecto' is declared; did you mean 'dovecot'?\n")


@pytest.mark.parametrize("to", ["outside", "any", "198.51.100.0/24", "0.0.0.0/0", "2001:db8:9::1"])
def test_a_never_about_what_leaves(desk: Desk, to: str) -> None:
    """It is kept as long as no declaration lets such a packet out, else the declaration is named, with a packet."""
    desk.write("promises.toml", f'[[never]]\nfrom = "jail:git"\nto = "{to}"\nport = 9\n')
    assert desk.jailpf("promises").status == 0
    with open(desk.root / "jails/git.toml", "a") as opened:
        opened.write('[out.some]\nport = [9, 10]\nproto = "tcp"\n')
    answer = desk.jailpf("promises")
    if ":" in to:  # git has no inet6
        assert answer.status == 0
        return
    assert answer.status == 1
    packet = "tcp from 172.16.15.29 to 198.51.100.7 port 9 leaves by em0, by [out.some] of git ("
    assert f"never from jail:git to {to} port 9 is not kept: {packet}" in answer.err


def test_a_never_about_addresses_of_this_host_is_evaluated(desk: Desk) -> None:
    """An address that a jail or the host has."""
    desk.write("promises.toml", '[[never]]\nfrom = "outside"\nto = ["172.16.15.29", "203.0.113.1"]\nport = 9\n')
    assert desk.jailpf("promises").status == 0


def test_always_says_who_does_not(desk: Desk) -> None:
    """Those on a deny list, and the word for them; with it the promise is kept."""
    promise = '[[always]]\nfrom = "outside"\nto = "jail:db"\nport = 5432\n'
    desk.write("promises.toml", promise)
    desk.write("jails/db.toml", DB.format(more="") + '[deny.bad]\nfrom = "192.0.2.0/24"\n')
    said = "reaches db port 5432 (inet): 192.0.2.0/24 does not; if you want that, add them to its `except`"
    assert said in desk.jailpf("promises").err
    desk.write("promises.toml", promise + 'except = "192.0.2.0/24"\n')
    assert desk.jailpf("promises").status == 0
