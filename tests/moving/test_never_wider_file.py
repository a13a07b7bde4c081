"""Whatever a pf.conf says: what becomes of it lets in nobody whom it did not let in, and what must stay is found by reading it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jailpf.cli.import_ import _all
from jailpf.insight.moved_words import sentences
from jailpf.lifecycle.session import Session

WEB, MAIL = {"inet": "10.0.0.2", "inet6": "fd00::2"}, {"inet": "10.0.0.3"}
OUT = {"inet": "203.0.113.1", "inet6": "2001:db8::1"}
PORTS = st.sampled_from(["", " port 80", " port { 80 443 }", " port 22", " port 8000:8010", " port > 1023"])
INSIDE = st.sampled_from(["80", "{ 80 443 }", "22", "8000:8010", "{ 22 25 80 }"])
FROM = {
    "inet": st.sampled_from(["any", "any", "192.0.2.0/24", "<t>", "! 192.0.2.7", "10.0.0.3"]),
    "inet6": st.sampled_from(["any", "2001:db8:7::/48"]),
}
PROTO = st.sampled_from(["tcp", "tcp", "udp", "{ tcp udp }"])
ON = st.sampled_from(["", "on em0 ", "on em0 ", "on lo1 "])
QUICK = st.sampled_from(["", "quick "])
STATE = st.sampled_from(
    ["", "", " keep state", " flags S/SA modulate state", " no state", " keep state (max-src-conn 5)", " tagged A"]
)
OTHERS = st.sampled_from([
    "pass out", "pass out quick", "block in", "block", "pass on lo0", "set skip on lo0", 'anchor "mine/*"', 'anchor "f2b/*"',
    "antispoof for em0", "pass quick on lo1", "block in quick from 192.0.2.0/24", "block in proto tcp from 192.0.2.0/25 to any port 80",
    "pass in quick on em0 tagged A", "pass in on em0 proto tcp tagged B", "block in quick proto udp", "pass in on em0 proto tcp to 203.0.113.1 port 22",
    "match in all scrub (no-df)", "block in to 10.0.0.0/8", 'anchor "in" on em0 {\n pass in quick proto tcp to 10.0.0.2 port 80\n}',
])  # fmt: skip
TRANSLATIONS = st.sampled_from([
    "nat on em0 inet from 10.0.0.0/24 to any -> (em0)", "nat on em0 inet from 10.0.0.2 to any -> 203.0.113.1", "no rdr on em0 proto tcp from 192.0.2.0/24 to any",
    "binat on em0 inet from 10.0.0.3 to any -> 203.0.113.7", 'rdr-anchor "x"', "rdr on em0 inet proto tcp from any to 203.0.113.1 port 80 -> 127.0.0.1",
])  # fmt: skip


@st.composite
def rdr(draw: st.DrawFn) -> str:
    """A redirection to a jail."""
    jail = draw(st.sampled_from([WEB, WEB, MAIL]))
    family = draw(st.sampled_from(list(jail)))
    word = draw(st.sampled_from(["rdr", "rdr", "rdr", "rdr pass"]))
    port, inside = draw(
        st.sampled_from([("80", ""), ("{ 80 443 }", ""), ("2222", " port 22"), ("8000:8010", ""), ("25", "")])
    )
    tag = draw(st.sampled_from(["", "", " tag A", " tag B"]))
    on = draw(st.sampled_from(["on em0 ", "on em0 ", ""]))
    return f"{word} {on}{family} proto {draw(PROTO)} from {draw(FROM[family])} to {OUT[family]} port {port}{tag} -> {jail[family]}{inside}"


@st.composite
def rule(draw: st.DrawFn) -> str:
    """A filter rule about a jail."""
    jail = draw(st.sampled_from([WEB, WEB, MAIL]))
    family = draw(st.sampled_from(list(jail)))
    word = draw(st.sampled_from(["pass in", "pass in", "pass in", "pass", "block in", "block return in"]))
    state = draw(STATE) if word.startswith("pass") else ""
    return f"{word} {draw(QUICK)}{draw(ON)}{family} proto {draw(PROTO)} from {draw(FROM[family])} to {jail[family]}{draw(PORTS)}{state}"


@st.composite
def leaves(draw: st.DrawFn) -> str:
    """A rule about what a jail sends."""
    jail = draw(st.sampled_from([WEB, MAIL]))
    family = draw(st.sampled_from(list(jail)))
    to = draw(st.sampled_from(["any", "any", "192.0.2.0/24" if family == "inet" else "2001:db8:7::/48"]))
    word = draw(st.sampled_from(["pass out", "pass out", "block out", "pass"]))
    return f"{word} {draw(QUICK)}{draw(ON)}{family} proto {draw(PROTO)} from {jail[family]} to {to}{draw(PORTS)}"


FILES = st.tuples(
    st.lists(rdr() | rdr() | TRANSLATIONS, max_size=4, unique=True),
    st.lists(rule() | rule() | OTHERS | leaves(), min_size=1, max_size=6, unique=True),
    st.booleans(),
)


def wider(files: tuple[list[str], list[str], bool]) -> list[str]:
    """What the declarations let in more, or had to be refused for after all."""
    translations, filters, direct = files
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        text = "table <t> persist { 198.51.100.0/24 }\n" + "".join(f"{one}\n" for one in (*translations, *filters))
        (root / "pf.conf").write_text(text)
        (root / "jail.conf").write_text(
            "web { ip4.addr = 10.0.0.2; ip6.addr = fd00::2; }\nmail { ip4.addr = 10.0.0.3; }\n"
        )
        (root / "jailpf.toml").write_text(f'pf = "simulated"\ndirect = {str(direct).lower()}\n[host]\next_if = "em0"\n')
        (root / "jails").mkdir()
        session = Session(file=f"{root}/jailpf.toml", run=f"{root}/run")
        (adapter,) = session.registry.make(session.settings, ["pf.conf"], session.jails.adapters)
        try:
            found = list(adapter.import_([f"{root}/pf.conf"]))
        except LookupError:
            return []
        moves, whole = _all(session, found, None)
        # What a jail's rdr took from the host's own is the host's again; that is refused rather than found by reading.
        wrong = [str(one) for move in moves for one in (*move.refused, *move.untold) if ": host on" not in str(one)]
        wrong += [line for move in moves if move.moved and not move.refused for line in sentences(move.moved)]
        return [f"{line}\n{text}----\n{whole.new if whole else ''}" for line in wrong if " more" in line]


@settings(max_examples=4, deadline=None)
@given(FILES)
def test_nobody_gains_by_a_file(files: tuple[list[str], list[str], bool]) -> None:
    """Redirections, rules of jails with exceptions above and below, tags, anchors, and whatever else such files have."""
    assert wider(files) == []


@pytest.mark.exam
@settings(max_examples=400, deadline=None)
@given(FILES)
def test_nobody_gains_by_a_file_at_length(files: tuple[list[str], list[str], bool]) -> None:
    """The same, many times."""
    assert wider(files) == []
