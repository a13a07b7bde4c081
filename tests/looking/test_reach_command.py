"""`jailpf reach`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Desk


def test_the_table_says_who_reaches_what(loaded: Desk) -> None:
    """Everybody reaches 993 and 995, the listed network 110 and 143, and nobody anything else."""
    answer = json.loads(loaded.jailpf("reach", "--json").out)
    rows = {
        (row["jail"], row["service"], tuple(row["sources"]), tuple(row["ports"]))
        for row in answer["reached"]
        if "203.0.113.1" in row["addresses"] and row["origin"] == "outside"
    }
    assert rows == {
        ("dovecot", "mail", ("any",), ("993", "995")),
        ("dovecot", "mail-insecure", ("192.0.2.0/24",), ("110", "143")),
        ("git", "http", ("any",), ("8080",)),
    }
    assert {row["proto"] for row in answer["undeclared"]} == {"ipv6-icmp"}


def test_one_jail_is_one_jails_rows(loaded: Desk) -> None:
    """And its redirection tells where the port goes."""
    answer = loaded.jailpf("reach", "git")
    assert answer.status == 0
    assert "172.16.15.29 port 80" in answer.out
    assert "dovecot" not in answer.out.replace("local", "")


def test_what_no_declaration_names_is_found(loaded: Desk) -> None:
    """A host that passes everything exposes the jails, and reach says so with status 1."""
    main = loaded.write("open.conf", 'rdr-anchor "jailpf/*"\nanchor "jailpf/*"\npass all\n')
    answer = loaded.jailpf("reach", "git", "--main", str(main))
    assert answer.status == 1
    assert "but not declared" in answer.out


def test_the_lines_that_pf_conf_lacks_are_named(loaded: Desk) -> None:
    """By reach for all that is loaded, by trace where the packet would get through with them."""
    main = loaded.write("own.conf", "block all\npass inet6 proto icmp6\n")
    said = loaded.jailpf("reach", "git", "--main", str(main)).err
    assert "never evaluates the rdr rules of jailpf/dovecot and 1 more" in said
    assert 'add to pf.conf: anchor "jailpf/*"' in said
    words = ["trace", "tcp", "from", "192.0.2.9", "to", "203.0.113.1", "port"]
    lacks = 'it would get through with `rdr-anchor "jailpf/*"` and `anchor "jailpf/*"` in pf.conf'
    assert lacks in loaded.jailpf(*words, "8080", "--main", str(main)).out
    assert "had pf.conf" not in loaded.jailpf(*words, "8081", "--main", str(main)).out
    main.write_text('rdr-anchor "jailpf/*"\nblock all\nanchor "jailpf/*" in on em1\n')
    assert 'with `anchor "jailpf/*"` in pf.conf' in loaded.jailpf(*words, "8080", "--main", str(main)).out


def test_a_host_without_jails_loaded_reaches_none(desk: Desk) -> None:
    """Unless what is declared is asked for."""
    assert "no declared service is reached" in desk.jailpf("reach", "git").out
    assert "8080" in desk.jailpf("reach", "git", "--declared").out


def test_an_unknown_jail_is_an_error(loaded: Desk) -> None:
    """With the nearest that there is."""
    answer = loaded.jailpf("reach", "gitt")
    assert answer.status == 66
    assert "did you mean 'git'?" in answer.err


def test_all_but_a_few_are_said_so(desk: Desk) -> None:
    """A deny list leaves dozens of networks: the few who are left out say it."""
    desk.write(
        "jails/git.toml", '[service.http]\nport = 80\n[deny.bad]\nfrom = "192.0.2.0/24"\n[jail]\nip4 = "172.16.15.29"\n'
    )
    answer = desk.jailpf("reach", "git", "--declared")
    assert "any but " in answer.out
    assert "192.0.2.0/24" in answer.out
    assert " more " not in answer.out
