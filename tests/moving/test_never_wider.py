"""Whatever the old rules say: what is imported lets in nobody whom they did not let in, packet for packet."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jailpf.insight.moved import moved
from jailpf.insight.moved_words import sentences
from jailpf.lifecycle.prepare import prepare_text
from jailpf.lifecycle.session import Session
from jailpf_adapters.pfrule.folder import Folder

OWN = {"inet": "10.0.0.2", "inet6": "fd00::2"}
FOREIGN = {"inet": "10.0.0.9", "inet6": "fd00::9"}
PORTS = st.sampled_from(["80", "{ 80 443 }", "22", "8000:8010", "{ 22 25 80 }", "> 1023", "79 >< 444"])
FROM = {
    "inet": st.sampled_from(["any", "192.0.2.0/24", "<t>", "! 192.0.2.7", "10.0.0.9"]),
    "inet6": st.sampled_from(["any", "2001:db8:7::/48", "<t>"]),
}
STATES = [
    " keep state (max-src-conn 5, overload <bad>)",
    " keep state (max 9, max-src-states 3)",
    " no state",
    " modulate state",
    " synproxy state",
]
PROTO = st.sampled_from(["tcp", "udp", "{ tcp udp }"])


@st.composite
def rdr(draw: st.DrawFn) -> str:
    """A line of rdr.conf."""
    family = draw(st.sampled_from(["inet", "inet6"]))
    to = f"<ext_ip{4 if family == 'inet' else 6}>"
    on = draw(st.sampled_from(["", "on em0 "]))
    target = draw(st.sampled_from([OWN, OWN, FOREIGN]))[family]
    port, inside = draw(
        st.sampled_from([("80", ""), ("{ 80 443 }", ""), ("2222", " port 22"), ("8000:8010", ""), ("25", "")])
    )
    word, tag = draw(
        st.sampled_from([("rdr", ""), ("rdr", ""), ("rdr", " tag A"), ("rdr pass", ""), ("rdr pass", " tag A")])
    )
    return f"{word} {on}{family} proto {draw(PROTO)} from {draw(FROM[family])} to {to} port {port}{tag} -> {target}{inside}\n"


@st.composite
def passes(draw: st.DrawFn) -> str:
    """A line of filter.conf."""
    family = draw(st.sampled_from(["inet", "inet6", ""]))
    to = draw(st.sampled_from([f"{{ {OWN['inet']} {OWN['inet6']} }}", "<web>"])) if not family else OWN[family]
    source = draw(FROM[family]) if family else draw(st.sampled_from(["any", "<t>"]))
    word = draw(
        st.sampled_from(
            ["pass in quick", "pass in quick", "pass in", "pass", "pass in log", "block in quick", "block in"]
        )
    )
    on = draw(st.sampled_from(["", "", "on em0 ", "on lo1 "]))
    ends = ["", "", *STATES, " tagged A", " tagged A"] if "pass" in word else [""]
    what = f"proto {draw(PROTO)} from {source} to {to} port {draw(PORTS)}{draw(st.sampled_from(ends))}"
    return draw(
        st.sampled_from([f"{word} {on}{family + ' ' if family else ''}{what}\n"] * 9 + [f"{word} {on}tagged A\n"])
    )


@st.composite
def leaves(draw: st.DrawFn) -> str:
    """Another line of filter.conf: what the jail sends."""
    word = draw(st.sampled_from(["pass out quick", "pass out", "block out quick", "block out"]))
    family = draw(st.sampled_from(["inet", "inet6"]))
    to = draw(
        st.sampled_from(
            ["any", "any", FOREIGN[family], "192.0.2.0/24" if family == "inet" else "2001:db8:7::/48", "<t>"]
        )
    )
    return f"{word} {draw(st.sampled_from(['', 'on em0 ']))}{family} proto {draw(PROTO)} from {OWN[family]} to {to} port {draw(PORTS)}\n"


NATS = st.sampled_from([
    "nat on em0 inet from 10.0.0.2 to any -> 203.0.113.1\n", "nat on em0 inet proto tcp from 10.0.0.2 to any port 25 -> 203.0.113.7\n",
    "nat on em0 inet from 10.0.0.2 to 192.0.2.0/24 -> (em0)\n", "nat on em0 inet6 from fd00::2 to any -> 2001:db8::1\n",
])  # fmt: skip
FILES = st.tuples(
    st.lists(rdr(), max_size=3, unique=True),
    st.lists(passes() | passes() | passes() | leaves(), min_size=1, max_size=4, unique=True),
    st.lists(NATS, max_size=2, unique=True),
    st.booleans(),
)


def wider(files: tuple[list[str], list[str], list[str], bool]) -> list[str]:
    """What an import of these lines lets in more."""
    redirects, filters, nats, direct = files
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        (root / "jail.conf").write_text(
            "web { ip4.addr = 10.0.0.2; ip6.addr = fd00::2; }\nother { ip4.addr = 10.0.0.9; ip6.addr = fd00::9; }\n"
        )
        for file, text in (
            ("jailpf.toml", f'pf = "simulated"\ndirect = {str(direct).lower()}\n[host]\next_if = "em0"\next_ip4 = "<ext_ip4>"\next_ip6 = "<ext_ip6>"\n'),
            ("web/pf.conf.d/rdr.conf", "".join(redirects)),
            ("web/pf.conf.d/filter.conf", "".join(filters)),
            ("web/pf.conf.d/nat.conf", "".join(nats)),
            ("web/pf.conf.d/t.table", "198.51.100.0/24\n2001:db8:9::/48\n"),
            ("web/pf.conf.d/web.table", "10.0.0.2\nfd00::2\n"),
        ):  # fmt: skip
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(text)
        (root / "jails").mkdir()
        session = Session(file=f"{root}/jailpf.toml", run=f"{root}/run")
        (adapter,) = session.registry.make(session.settings, ["pfrule"], session.jails.adapters)
        one = Folder(adapter, f"{root}/web/pf.conf.d").imported()
        if not re.search(r"\[(service|deny|out|nat)\.", one.text):
            return []
        prepared = prepare_text(session, "web", one.file, one.text, [copy.target for copy in one.copies])
        found = moved(session, prepared, one.before, {copy.target: copy.content for copy in one.copies})
        if one.problems:  # under an open pf.conf a block that is lost was all that kept somebody out
            found = replace(found, open_more=[], open_out=[])
        more = ("lets in more", "lets out more")
        return [f"{line}\n{one.before}{one.text}" for line in sentences(found) if line.startswith(more)]


@settings(max_examples=4, deadline=None)
@given(FILES)
def test_nobody_gets_in_who_did_not_before(files: tuple[list[str], list[str], list[str], bool]) -> None:
    """Redirected or asked directly, by either family, any sender, with blocks above and below."""
    assert wider(files) == []


def test_a_borrowed_address_is_no_sender_of_its_own() -> None:
    """Who sends from outside with a neighbour's address gets no answer, so a rule about the neighbour makes no difference."""
    lets = [f"pass in quick inet proto tcp from {who} to 10.0.0.2 port 80\n" for who in ("10.0.0.9", "any")]
    assert wider((["rdr inet proto tcp from any to <ext_ip4> port 80 -> 10.0.0.2\n"], lets, [], False)) == []


def test_protocols_of_two_families_stay_two_services() -> None:
    """TCP of one family and UDP of the other are not both protocols of one."""
    rules = ["pass in quick inet proto tcp from any to 10.0.0.2 port 80\n", "pass in quick inet6 proto udp from any to fd00::2 port 80\n"]  # fmt: skip
    assert wider(([], rules, [], False)) == []


@pytest.mark.exam
@settings(max_examples=400, deadline=None)
@given(FILES)
def test_nobody_gets_in_who_did_not_before_at_length(files: tuple[list[str], list[str], list[str], bool]) -> None:
    """The same, many times."""
    assert wider(files) == []
