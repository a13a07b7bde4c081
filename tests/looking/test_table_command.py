"""`jailpf table`: file and pf change together."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Desk

TABLE = ("table", "dovecot", "insecure_mua")
LISTED = DESCRIBED = """\
[service.ssh]
port = 22
from = "<friends>"

[table.friends]     # may come in
addresses = [
    "192.0.2.1",    # ann
    "!192.0.2.9",
]

[jail]
ip4 = "172.16.15.40"
"""


def test_add_and_delete_change_the_file_and_pf(loaded: Desk) -> None:
    """The members are the same in both, the comment stays, and rules are not touched."""
    file = loaded.root / "jails/insecure_mua.table"
    assert loaded.jailpf(*TABLE, "add", "198.51.100.7", "192.0.2.0/24").status == 0
    assert file.read_text() == "# legacy\n192.0.2.0/24\n198.51.100.7\n"
    assert loaded.jailpf(*TABLE, "show").out.split() == ["192.0.2.0/24", "198.51.100.7"]
    assert loaded.jailpf(*TABLE, "delete", "192.0.2.0/24").status == 0
    assert file.read_text() == "# legacy\n198.51.100.7\n"
    assert loaded.jailpf(*TABLE, "show").out.split() == ["198.51.100.7"]
    assert loaded.jailpf("status", "dovecot").status == 0


def test_who_was_added_gets_in_and_who_was_deleted_does_not(loaded: Desk) -> None:
    """The client reaches 110 from the moment that it is in the table."""
    asked = ("trace", "tcp", "from", "198.51.100.7", "to", "ext_ip4", "port", "110")
    assert loaded.jailpf(*asked).status == 1
    loaded.jailpf(*TABLE, "add", "198.51.100.0/24")
    assert loaded.jailpf(*asked).status == 0
    loaded.jailpf(*TABLE, "replace", "192.0.2.1")
    assert loaded.jailpf(*asked).status == 1


def test_reload_takes_what_was_edited_by_hand(loaded: Desk) -> None:
    """The file counts."""
    loaded.write("jails/insecure_mua.table", "203.0.113.9\n")
    assert "1 member," in loaded.jailpf(*TABLE, "reload").out
    assert loaded.jailpf(*TABLE, "show").out == "203.0.113.9\n"


def test_members_of_the_declaration_change_there(desk: Desk) -> None:
    """tomlkit keeps comments and order, and the record follows, so that nothing counts as stale."""
    file = desk.write("jails/shell.toml", LISTED)
    desk.jailpf("load", "shell")
    assert desk.jailpf("table", "shell", "friends", "add", "2001:db8::7").status == 0
    assert desk.jailpf("table", "shell", "friends", "delete", "!192.0.2.9").status == 0
    text = file.read_text()
    assert "# may come in" in text
    assert "# ann" in text
    assert tomllib.loads(text)["table"]["friends"]["addresses"] == ["192.0.2.1", "2001:db8::7"]
    assert sorted(desk.jailpf("table", "shell", "friends", "show").out.split()) == ["192.0.2.1", "2001:db8::7"]
    assert desk.jailpf("status", "shell").status == 0
    assert desk.jailpf("diff", "shell").status == 0


def test_a_jail_that_is_not_loaded_changes_in_its_file_only(desk: Desk) -> None:
    """And `show` then tells the declared members."""
    answer = desk.jailpf(*TABLE, "add", "203.0.113.9")
    assert "; dovecot is not loaded" in answer.out
    assert desk.jailpf(*TABLE, "show").out.split() == ["192.0.2.0/24", "203.0.113.9"]


def test_an_overload_table_is_pfs_and_expires(desk: Desk) -> None:
    """It has no file; expire takes seconds."""
    desk.write(
        "jails/web.toml",
        '[service.http]\nport = 80\nallow = { max_src_conn = 2, overload = true }\n[jail]\nip4 = "172.16.15.50"\n',
    )
    desk.jailpf("load", "web")
    overload = ("table", "web", "overload_http")
    assert desk.jailpf(*overload, "add", "192.0.2.7").status == 0
    assert desk.jailpf(*overload, "show").out == "192.0.2.7\n"
    assert desk.jailpf(*overload, "expire", "0").status == 0
    assert desk.jailpf(*overload, "expire").status == 64


def test_a_const_table_keeps_its_file_when_pf_refuses(desk: Desk) -> None:
    """Nothing is half done: what pf refused is not in the file either."""
    file = desk.write("jails/shell.toml", LISTED.replace("addresses = [", "const = true\naddresses = ["))
    desk.jailpf("load", "shell")
    before = file.read_text()
    assert desk.jailpf("table", "shell", "friends", "add", "192.0.2.3").status == 71
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((*TABLE, "add", "10.1"), 64, "'10.1' is not an address"),
        ((*TABLE, "add"), 64, "which addresses?"),
        ((*TABLE, "show", "192.0.2.1"), 64, "takes no addresses"),
        (("table", "dovecot", "insecure_mau", "show"), 64, "did you mean 'insecure_mua'?"),
        (("table", "nosuch", "x", "show"), 66, "jailpf new nosuch"),
        ((*TABLE, "frob"), 64, "not an action on a table; it is show|add|"),
    ],
)
def test_mistakes_change_nothing(loaded: Desk, words: tuple[str, ...], status: int, said: str) -> None:
    """One line says what is wrong."""
    before = (loaded.root / "jails/insecure_mua.table").read_text()
    answer = loaded.jailpf(*words)
    assert (answer.status, answer.out) == (status, "")
    assert said in answer.err
    assert (loaded.root / "jails/insecure_mua.table").read_text() == before


def test_a_table_that_is_declared_no_more_is_gone_after_a_reload(loaded: Desk) -> None:
    """facts.md section 2: a load keeps it, and it would hide pf.conf's table of that name. Others keep their members."""
    loaded.jailpf(*TABLE, "add", "198.51.100.7")
    text = (loaded.root / "jails/dovecot.toml").read_text()
    loaded.write("jails/dovecot.toml", text + '\n[table.more]\naddresses = ["192.0.2.1"]\n')
    assert loaded.jailpf("reload", "dovecot").status == 0
    loaded.write("jails/dovecot.toml", text)
    assert loaded.jailpf("reload", "dovecot").status == 0
    assert loaded.jailpf("diff", "dovecot").status == 0
    assert loaded.jailpf(*TABLE, "show").out.split() == ["192.0.2.0/24", "198.51.100.7"]


def test_replace_with_nobody_has_to_be_meant(loaded: Desk) -> None:
    """A list that came out empty by mistake would shut everybody out; `--empty` says that it is none."""
    file = loaded.root / "jails/insecure_mua.table"
    before = file.read_text()
    done = loaded.jailpf(*TABLE, "replace")
    assert done.status == 64
    assert "use --empty to leave it empty" in done.err
    assert file.read_text() == before
    assert loaded.jailpf(*TABLE, "replace", "--empty").status == 0
    assert loaded.jailpf(*TABLE, "show").out == ""


FOLLOWED = """\
[service.ssh]
port = 22
from = "<office>"

[table.office]
url = "http://127.0.0.1:9/none"

[jail]
ip4 = "172.16.15.41"
"""


def test_refresh_of_one_of_a_jail_and_of_all(desk: Desk) -> None:
    """Every one is tried; what cannot be fetched is one line, status 75, and changes nothing. `status` tells the age."""
    desk.write("jails/follower.toml", FOLLOWED)
    desk.jailpf("load", "follower")
    for words in (("table", "refresh"), ("table", "follower", "refresh"), ("table", "follower", "office", "refresh")):
        done = desk.jailpf(*words)
        assert (done.status, done.out) == (75, "")
        assert done.err.startswith("jailpf: ") or "cannot be fetched" in done.err
    assert "<office> never refreshed" in desk.jailpf("status", "follower").out
    assert desk.jailpf("table", "dovecot", "refresh").status == 64
    assert desk.jailpf("table", "follower").status == 64
    assert desk.jailpf("table", "follower", "office").status == 64


def test_expire_says_who_comes_back(loaded: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file lists is declared: pf forgets it until the next sync."""
    assert "<insecure_mua> of dovecot: 0 expired in jailpf/dovecot" in loaded.jailpf(*TABLE, "expire", "86400").out
    monkeypatch.setattr("jailpf.lifecycle.tables.expire", lambda *_: ["192.0.2.0/24", "198.51.100.7"])
    answer = loaded.jailpf(*TABLE, "expire", "86400").out
    assert "2 expired in jailpf/dovecot" in answer
    assert "add 1 of them again" in answer


@pytest.mark.parametrize("verb", ["add", "reload"])
def test_members_that_no_load_would_take_are_refused(desk: Desk, verb: str) -> None:
    """Before pf has them: the host itself would be open to a vnet jail that may send to all of the table."""
    vnet = '\n[jail]\nip4 = "172.16.20.5"\nvnet = true\ninterface = "bridge0"\n'
    file = desk.write("jails/peers.table", "198.51.100.0/24\n")
    desk.write("jails/vn.toml", '[out.a]\nto = "<peers>"\n[table.peers]\nfile = "peers.table"\n' + vnet)
    assert desk.jailpf("load", "vn").status == 0
    if verb == "reload":
        file.write_text("0.0.0.0/0\n")
    found = desk.jailpf("table", "vn", "peers", verb, *["0.0.0.0/1", "128.0.0.0/1"] * (verb == "add"))
    assert (found.status, "includes the host" in found.err) == (65, True)
    if verb == "reload":
        file.write_text("198.51.100.0/24\n")
    assert file.read_text() == desk.jailpf("table", "vn", "peers", "show").out == "198.51.100.0/24\n"


def test_a_table_of_a_deny_changes_in_both_anchors(desk: Desk) -> None:
    """And `show` tells what another program put into one of them."""
    desk.write("jails/web.toml", '[deny.a]\nfrom = "<bad>"\n[table.bad]\n[jail]\nip4 = "172.16.15.40"\n')
    assert desk.jailpf("load", "web").status == 0
    assert desk.jailpf("table", "web", "bad", "add", "198.51.100.7").status == 0
    asked = ("trace", "tcp", "from", "198.51.100.7", "to", "172.16.15.40", "port", "80")
    assert "jailpf/-deny.web: block" in desk.jailpf(*asked).out
    assert desk.jailpf("table", "web", "bad", "show").out.split() == ["198.51.100.7"]
    assert desk.jailpf("status", "web").status == 0
    assert desk.jailpf("table", "web", "bad", "delete", "198.51.100.7").status == 0
    assert desk.jailpf("table", "web", "bad", "show").out == ""
