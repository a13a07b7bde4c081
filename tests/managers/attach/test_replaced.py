"""The lines of what jailpf replaces: which they are, and that they come back byte for byte."""

from __future__ import annotations

import pytest

from jailpf.managers.attach.jailconf_edit import applied
from jailpf.managers.attach.replaced import put_back, replaces, taken_out
from jailpf.managers.jailconf_text import outline
from jailpf_adapters.jail_conf.adapter import PFRULE


@pytest.mark.parametrize(
    "command",
    [
        "/etc/mail-toaster/pfrule.sh load web",
        "/data/web/etc/pf.conf.d/pfrule.sh unload",
        "/bin/sh /usr/local/etc/pfrule.sh load $name",
        "pfctl -a rdr/web -f /etc/pf/web.conf",
        "/sbin/pfctl -a jails/${name} -F all",
        'echo "rdr on em0 proto tcp to port 80 -> 10.0.0.2; pass" | pfctl -a web -f -',
        "cat /etc/pf/web.conf | pfctl -qa rdr/web -f - 2>/dev/null || true".replace("-qa", "-q -a"),
        "pfctl -a 'rdr/web' -F nat > /dev/null 2>&1",
    ],
)
def test_a_line_that_only_loads_the_jails_rules_is_replaced(command: str) -> None:
    """By pfrule.sh, by its name or that of its folder, and by pfctl itself."""
    assert replaces(command, "web", PFRULE)


@pytest.mark.parametrize(
    "command",
    [
        "/etc/mail-toaster/pfrule.sh load mail",
        "pfctl -a rdr/mail -f /etc/pf/mail.conf",
        "pfctl -a rdr/webmail -F all",
        "pfctl -f /etc/pf.conf",
        "pfctl -t web -T add 10.0.0.2",
        "pfctl -a rdr/web -f x; zfs jail web tank/web",
        "pfctl -a rdr/web -f x && ifconfig lo1 up",
        "/usr/local/bin/notify pfctl",
        "/bin/sh /etc/rc",
    ],
)
def test_all_others_stay(command: str) -> None:
    """Other jails, pf.conf itself, and what does more than that."""
    assert not replaces(command, "web", PFRULE)


@pytest.mark.parametrize(
    "inside",
    [
        '\n\texec.created = "/etc/pfrule.sh load web";\n\texec.poststop += "/etc/pfrule.sh unload web"; # old\n',
        ' path = "/jails/web"; exec.created = "/etc/pfrule.sh load web"; ',
        '\n  exec.created =\n    "pfctl -a rdr/web -f /data/web.conf",\n    "pfctl -a filter/web -f /data/web2.conf";\n',
        '\n  exec.created = "cat /data/*/web | pfctl -a web -f -";\n',
    ],
)
def test_what_is_taken_out_comes_back(inside: str) -> None:
    """Whatever form it has; nothing of it is left to jail(8) in between."""
    text = f"web {{{inside}}}\n"
    block = outline(text).blocks[0]
    found = taken_out(text, block, "web", loads=PFRULE)
    assert found.lines
    without = applied(text, found.edits)
    (bare,) = outline(without).blocks
    assert not [one for one in bare.statements if one.name.startswith("exec.")]
    assert applied(without, put_back(without, bare)) == text


def test_an_equals_sign_that_kept_hooks_away_goes_on_to_do_so() -> None:
    """Where the file sets a hook for all jails, taking out `=` would let it in."""
    text = 'web { exec.created = "/etc/pfrule.sh load web"; }\n'
    found = taken_out(text, outline(text).blocks[0], "web", {"exec.created": ()}, PFRULE)
    without = applied(text, found.edits)
    (statement,) = outline(without).blocks[0].statements
    assert [value.text for value in statement.values] == ["/usr/bin/true jailpf"]
    assert applied(without, put_back(without, outline(without).blocks[0])) == text


def test_what_does_more_is_shown_and_left() -> None:
    """A list with a command of another kind, and a line of several commands."""
    text = 'web { exec.created = "/bin/x", "/etc/pfrule.sh load web"; exec.poststop = "pfctl -a rdr/web -F all; zfs x"; }\n'
    found = taken_out(text, outline(text).blocks[0], "web", loads=PFRULE)
    assert (found.edits, len(found.left)) == ([], 2)


@pytest.mark.parametrize(
    ("load", "unload"),
    [
        ('"/bin/mkdir -p /x", "/etc/pfrule.sh load web"', '"/etc/pfrule.sh unload web"'),
        ('"echo pass | /sbin/pfctl -a rdr/web -f -; zfs x"', '"pfctl -a rdr/web -F all"'),
    ],
)
def test_an_unload_stays_while_its_load_does(load: str, unload: str) -> None:
    """Else the rules would outlive the jail; an unload that does more holds nothing back."""
    text = f"web {{ exec.created = {load}; exec.poststop = {unload}; }}\n"
    found = taken_out(text, outline(text).blocks[0], "web", loads=PFRULE)
    assert (found.edits, len(found.left), len(found.needed)) == ([], 1, 1)
    text = f'web {{ exec.created = "/etc/pfrule.sh load web"; exec.poststop = {unload}, "zfs x"; }}\n'
    found = taken_out(text, outline(text).blocks[0], "web", loads=PFRULE)
    assert (len(found.edits), len(found.left), found.needed) == (1, 1, [])


@pytest.mark.parametrize(("op", "stays"), [("+=", True), ("=", False)])
def test_an_unload_stays_while_a_load_for_all_jails_does(op: str, stays: bool) -> None:
    """Which the block keeps away where it sets that hook by itself."""
    text = f'web {{ exec.created {op} "/etc/pfrule.sh load web"; exec.poststop = "/etc/pfrule.sh unload web"; }}\n'
    above = {"exec.created": ["/etc/pfrule.sh load $name"]}
    assert bool(taken_out(text, outline(text).blocks[0], "web", above, PFRULE).needed) is stays
