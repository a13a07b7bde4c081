"""`jailpf diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.lifecycle.compare import ordered

if TYPE_CHECKING:
    from conftest import Desk


def test_what_is_loaded_as_declared_differs_in_nothing(loaded: Desk) -> None:
    """After a load there is no difference, and the status says so."""
    assert loaded.jailpf("diff", "dovecot") == (0, "", "")


def test_a_declaration_that_changed_shows_both_sides(loaded: Desk) -> None:
    """A port that was taken out is shown as loaded only, one that came as declared only."""
    loaded.write("jails/git.toml", '[service.http]\nport = 443\n\n[jail]\nip4 = "172.16.15.29"\n')
    answer = loaded.jailpf("diff", "git")
    assert answer.status == 1
    assert (
        "-rdr on em0 inet proto tcp from any to (em0:0) port = 8080 tag jailpf.in/git -> 172.16.15.29 port 80"
        in answer.out
    )
    assert "+rdr on em0 inet proto tcp from any to (em0:0) port = 443 tag jailpf.in/git -> 172.16.15.29" in answer.out


def test_a_jail_whose_file_is_gone_is_all_loaded_and_not_declared(loaded: Desk) -> None:
    """Without a declaration every loaded rule is one too many."""
    (loaded.root / "jails/git.toml").unlink()
    answer = loaded.jailpf("diff", "git")
    assert answer.status == 1
    assert all(line[0] in "-+@" for line in answer.out.splitlines())


def test_a_jail_that_nobody_knows_is_an_error(desk: Desk) -> None:
    """66, and how to begin."""
    answer = desk.jailpf("diff", "nosuch")
    assert answer.status == 66
    assert "jailpf new nosuch" in answer.err


def test_the_optimizers_tables_have_no_name_of_their_own() -> None:
    """facts.md section 2: pfctl calls them `__automatic_0` with -n and `__automatic_<hex>_0` when loaded."""
    assert ordered(["pass from <__automatic_0>"]) == ordered(["pass from <__automatic_3fa2_0>"])
