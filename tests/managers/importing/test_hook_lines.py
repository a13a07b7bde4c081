"""Rules that hook lines of jail.conf load by themselves: the commonest hand-made way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jailpf.errors import NoJailError
from jailpf.managers.importing.hook_lines import loads

if TYPE_CHECKING:
    from pathlib import Path

    from stand_ins.host import Host

RDR = "rdr on em0 inet proto tcp from any to any port 8080 -> 10.0.0.10 port 80"
PASS = "pass in quick inet proto tcp from any to 10.0.0.10 port 80"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('echo "a" | pfctl -a x -f -', "a\n"),
        ("/bin/echo a | pfctl -a x -f -", "a\n"),
        ("echo 'a' | /sbin/pfctl -q -a x -f-", "a\n"),
        ("(echo a; echo b) | pfctl -qa x -f -", "a\nb\n"),
        ("{ echo a && echo b; } | pfctl -a x -f -", "a\nb\n"),
        (r"printf 'a\nb\n' | pfctl -a x -f -", "a\nb\n"),
        (r"echo -e 'a\nb' | pfctl -a x -f - >/dev/null 2>&1", "a\nb\n"),
        ("ifconfig lo1 alias 10.0.0.10; echo a | pfctl -a x -f -", "a\n"),
    ],
)
def test_what_a_line_loads_is_read(line: str, text: str) -> None:
    """echo and printf, alone or in a group, into pfctl."""
    assert [(one.anchor, one.text, one.reason) for one in loads([line])] == [("x", text, "")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("rules.sh | pfctl -a x -f -", "another program generates"),
        ("echo a; pfctl -a x -f -", "another program generates"),
        ('echo "a $IF" | pfctl -a x -f -', "another program generates"),
        ("echo a > /tmp/b | pfctl -a x -f -", "another program generates"),
        (r"printf '%s\n' a | pfctl -a x -f -", "another program generates"),
        ("echo a | pfctl -f -", "the main ruleset"),
        ("echo a | pfctl -a x -N -f -", "a part of the rules (-N)"),
        ("pfctl -a x -f $FILE", "only the shell knows"),
        ("pfctl -a x -f /nonexistent", "/nonexistent cannot be read"),
        ("pfctl -t jails -T add 10.0.0.10", "declare that as [table.NAME]"),
        ("echo 'a | pfctl -a x -f -", "cannot be read"),
        ("pfctl -a x -f - -Y", "would refuse it"),
    ],
)
def test_what_cannot_be_taken_over_is_said(line: str, reason: str) -> None:
    """And nothing of it is made up."""
    (one,) = loads([line])
    assert reason in one.reason
    assert one.text == ""


def test_lines_that_load_nothing_are_nothing() -> None:
    """Flushing, showing, checking."""
    assert loads(["pfctl -a x -F all", "pfctl -nf /etc/pf.conf", "pfctl -t x -T show", "service pf reload"]) == []


def test_a_later_load_of_one_anchor_replaces_an_earlier_one(tmp_path: Path) -> None:
    """As pfctl does: what was loaded first is not imported, and said."""
    (tmp_path / "rules").write_text("b\n")
    first, second = loads(["echo a | pfctl -a x -f -", f"pfctl -a x -f {tmp_path}/rules"])
    assert (first.text, second.text) == ("", "b\n")
    assert "a later line loads x again" in first.reason
    (alone,) = loads([f"pfctl -a x -f - < {tmp_path}/rules"])
    assert alone.text == "b\n"


def test_a_jails_hooks_become_its_declaration(host: Host) -> None:
    """The rdr and its pass rule are one service; what is lost has its reason."""
    host.jail_conf(
        "web {\n  ip4.addr = 10.0.0.10;\n"
        f"  exec.prestart = \"(echo '{RDR}'; echo '{PASS}') | pfctl -a jails/web -f -\";\n"
        '  exec.poststart = "gen | pfctl -a x/web -f -";\n  exec.poststop = "pfctl -a jails/web -F all";\n}\n'
        "db { ip4.addr = 10.0.0.11; }\n"
    )
    adapter = host.adapter("jail.conf")
    (one,) = adapter.import_([])
    assert one.jail == "web"
    assert 'port = 80\nrdr = {port = 8080, to = "any", on = "em0"}\n' in one.text
    assert [problem.message for problem in one.problems] == ["another program generates what it loads"]
    assert one.before == f"{RDR}\n{PASS}\n"
    with pytest.raises(NoJailError, match="no hook of db loads rules"):
        list(adapter.import_(["db"]))
    with pytest.raises(NoJailError, match="has no jail mx"):
        list(adapter.import_(["mx"]))


def test_an_import_says_when_old_rules_are_not_known_whole(host: Host) -> None:
    """Nothing that another program makes is compared: "the same" would be a guess. A table's member lets in nobody by itself."""
    hook = "echo '{}' | pfctl -a jails/web -f -"
    for more, unread in (("gen | pfctl -a x/web -f -", True), ("pfctl -t jails -T add 10.0.0.10", False)):
        host.jail_conf(f'web {{ ip4.addr = 10.0.0.10; exec.created = "{hook.format(PASS)}", "{more}"; }}\n')
        (one,) = host.adapter("jail.conf").import_([])
        assert one.unread is unread
