"""jailpf.values.address, peer, member and sides."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.values import Address, Member, Network, Outgoing, Outside, Peer, Target
from jailpf.values.peer import split

WORD = st.one_of(st.text(max_size=20), st.from_regex(r"[!<>(){}a-z0-9:./ %#$\"\\\n]{0,16}", fullmatch=True))
HOSTS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
ONE_WORD = r"(! )?([0-9a-f:./]+|any|<[A-Za-z0-9][A-Za-z0-9_.-]*>|\([A-Za-z][A-Za-z0-9_.]*(:[a-z0-9]+)*\))"


def networks() -> st.SearchStrategy[str]:
    """Networks without host bits."""

    def network(ip: Any, length: int) -> str:
        return str(ipaddress.ip_network((ip, min(length, ip.max_prefixlen)), strict=False))

    ips = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
    return st.builds(network, ips, st.integers(0, 128))


def tried(kind: Any, raw: object) -> Any:
    """The value, or None when it is refused, with a sentence of one line."""
    try:
        return kind.parse(raw)
    except ValueError as wrong:
        said = str(wrong)
    assert said
    assert "\n" not in said
    return None


@pytest.mark.parametrize(
    "word",
    [
        "10.1",
        "10",
        "010.0.0.1",
        "0x0a000001",
        "10.0.0.1 ",
        " 10.0.0.1",
        "10.0.0.1\n",
        "1.2.3.4.5",
        "\u0661.\u0662.\u0663.\u0664",
        "em0",
        "",
    ],
)
def test_an_address_is_four_decimal_numbers(word: str) -> None:
    """Legacy forms, blanks and names are no addresses, whatever inet_aton(3) would make of them."""
    with pytest.raises(ValueError, match=r"is not an address|has a space|is empty|one string"):
        Address.parse(word)


@pytest.mark.parametrize("word", ["fe80::1", "fe80::1%em0", "fd00::1%em0", "::", "0.0.0.0", "224.0.0.1", "ff02::1"])
def test_an_address_is_a_host_s_and_has_no_scope(word: str) -> None:
    """Scoped, link-local, multicast and unspecified addresses cannot be a jail's or a target."""
    with pytest.raises(ValueError, match=r"scope|not the address of a host"):
        Address.parse(word)


def test_an_ip4_mapped_address_is_named_by_its_ip4() -> None:
    """pf would never match it: the stack shows the IPv4 address."""
    with pytest.raises(ValueError, match=r"write 10\.0\.0\.1"):
        Address.parse("::ffff:10.0.0.1")


@pytest.mark.parametrize("raw", [1, 1.5, True, ["10.0.0.1"], {}, None])
def test_an_address_is_text(raw: object) -> None:
    """Other TOML values are refused in TOML's words."""
    for kind in (Address, Network, Peer, Member, Outside, Outgoing, Target):
        with pytest.raises(ValueError, match=r"written as a string, not a|is not an address to leave by"):
            kind.parse(raw)


@given(networks())
def test_a_network_prints_as_it_was_written(word: str) -> None:
    """parse and str are inverse; a whole prefix is left out; negation comes back."""
    made = Network.parse(word) if "ffff:" not in word else None
    if made is None:
        return
    assert Network.parse(str(made)) == made
    assert str(made).split("/")[0] == word.split("/")[0]
    if made.net.is_unspecified and made.net.num_addresses == 1:
        with pytest.raises(ValueError, match="matches nothing"):
            Peer.parse(word)
        return
    assert Peer.parse(f"!{word}") == Peer.parse(str(Peer.parse(f"!{word}")))
    assert Member.parse(f"!{word}") == Member.parse(str(Member.parse(f"!{word}")))


@given(HOSTS, st.integers(0, 128))
def test_host_bits_are_refused_and_both_readings_offered(host: str, length: int) -> None:
    """10.0.0.5/24 could mean the host or the network: pf takes the network without a word."""
    ip = ipaddress.ip_address(host)
    length = min(length, ip.max_prefixlen)
    net = ipaddress.ip_network((ip, length), strict=False)
    if (ip.version == 6 and ip.ipv4_mapped) or "%" in host:
        return
    if net.network_address == ip:
        assert str(Network.parse(f"{host}/{length}").net) == str(net)
    else:
        with pytest.raises(ValueError, match="has host bits set") as caught:
            Network.parse(f"{host}/{length}")
        assert str(net) in str(caught.value)


@given(WORD)
def test_what_is_taken_prints_as_one_word(word: str) -> None:
    """No text becomes an address, a peer, a member or a role of one that holds syntax beyond its own."""
    for kind in (Address, Network, Peer, Member, Outside, Outgoing):
        if (made := tried(kind, word)) is None:
            continue
        printed = str(made)
        assert re.fullmatch(ONE_WORD + r"|!?[0-9a-f:./]+|ext_ip[46]", printed), printed
        assert kind.parse(printed) == made


@pytest.mark.parametrize(
    ("word", "kind", "family", "table", "interface"),
    [
        ("any", "any", None, "", ""),
        ("192.0.2.0/24", "network", "inet", "", ""),
        ("!2001:db8::/32", "network", "inet6", "", ""),
        ("<admins>", "table", None, "admins", ""),
        ("! <a.b-c>", "table", None, "a.b-c", ""),
        ("(em0)", "interface", None, "", "em0"),
        ("(em0:0)", "interface", None, "", "em0"),
        ("!(vtnet0.5:network)", "interface", None, "", "vtnet0.5"),
    ],
)
def test_a_peer_knows_what_it_is(word: str, kind: str, family: str | None, table: str, interface: str) -> None:
    """Kind, family, table and interface, negated or not."""
    peer = Peer.parse(word)
    assert (peer.kind, peer.family, peer.table, peer.interface) == (kind, family, table, interface)
    assert peer.negated == word.startswith("!")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("em0", r'"\(em0\)", its first one "\(em0:0\)"'),
        ("em0:0", r'"\(em0:0\)"'),
        ("!!10.0.0.1", "negated twice"),
        ("!any", "matches nothing"),
        ("<pass>", "is a word of pf.conf"),
        ("<a", "'>' at its end is missing"),
        ("(any)", "is a word of pf.conf"),
        ("(em0", "is not an interface's addresses"),
        ("(em0:peer)", "is not an interface's addresses"),
        ("cafe", "is not an address"),
        ("jail web", 'a jail is written "jail:web"'),
        ("host.example.org", "names are not looked up|write"),
        ("10.0.0.1 - 10.0.0.9", r'\["10.0.0.1", "10.0.0.2/31"'),
    ],
)
def test_a_peer_that_is_none_says_why(word: str, said: str) -> None:
    """Bare interfaces, half brackets, words of pf.conf and names of hosts, each with what to write instead."""
    with pytest.raises(ValueError, match=said):
        Peer.parse(word)


def test_split_keeps_what_a_family_has() -> None:
    """Peers without a family are in both; nothing left of something is None, nothing of nothing is any."""
    four, six, both = Peer.parse("192.0.2.1"), Peer.parse("2001:db8::1"), Peer.parse("<t>")
    assert split((four, six, both), "inet") == (four, both)
    assert split((four,), "inet6") is None
    assert split((), "inet6") == ()


def test_within_compares_one_family() -> None:
    """A network is within another of its own family only."""
    inner, outer, six = map(Network.parse, ("192.0.2.0/24", "192.0.0.0/16", "2001:db8::/32"))
    assert inner.within(outer)
    assert not outer.within(inner)
    assert not inner.within(six)


@pytest.mark.parametrize("word", ["(em0)", "(em0:network)", "!203.0.113.1", "<t>", "any", "em0"])
def test_one_address_to_leave_by(word: str) -> None:
    """An interface as a whole has the addresses of other jails among its own."""
    with pytest.raises(ValueError, match=r"write|wanted|written"):
        Outgoing.parse(word)


@pytest.mark.parametrize("word", ["(em0:0)", "203.0.113.1", "2001:db8::1"])
def test_an_address_to_leave_by(word: str) -> None:
    """An address, or an interface's first."""
    assert str(Outgoing.parse(word)) == word


@pytest.mark.parametrize(
    ("word", "address", "jail"),
    [("10.0.0.7", "10.0.0.7", ""), ("fd00::7", "fd00::7", ""), ("mail", None, "mail"), ("a.b", None, "a.b")],
)
def test_a_target_is_an_address_or_a_jail(word: str, address: str | None, jail: str) -> None:
    """What looks like an address is one."""
    made = Target.parse(word)
    assert (str(made.address) if made.address else None, made.jail) == (address, jail)


@pytest.mark.parametrize("word", ["10.1", "1", "10.0.0.0/24", "fe80::1%em0", "a/b", "", "..", "-a"])
def test_a_target_that_is_neither(word: str) -> None:
    """Numbers are never the names of jails here: 10.1 is a mistake."""
    with pytest.raises(ValueError, match=r"address|scope"):
        Target.parse(word)


@pytest.mark.parametrize("kind", [Address, Network, Peer, Member, Outside, Outgoing, Target])
def test_each_has_a_schema(kind: Any) -> None:
    """All of them are text for an editor."""
    assert kind.schema()["type"] == "string"
