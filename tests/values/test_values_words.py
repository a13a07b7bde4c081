"""jailpf.values.port, protocol, names and rate."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jailpf.declare.lists import overlapping
from jailpf.pf.simulated.rules.words import KEYWORDS as KNOWN_TO_PF
from jailpf.values import Count, Filename, Interface, JailName, Name, Port, Protocol, Rate, TableName
from jailpf.values.base import describe
from jailpf.values.keywords import KEYWORDS

TEXT = st.one_of(st.text(max_size=40), st.from_regex(r"[\w.:+/\-<>{}()\"'\\$# \n]{0,40}", fullmatch=True))
PORTS = st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(lambda both: Port(*sorted(both)))


def tried(kind: Any, raw: object) -> Any:
    """The value, or None when it is refused, with a sentence of one line."""
    try:
        return kind.parse(raw)
    except ValueError as wrong:
        said = str(wrong)
    assert said
    assert "\n" not in said
    return None


@given(PORTS)
def test_a_port_prints_as_it_is_read(port: Port) -> None:
    """Single ports and ranges come back, as numbers and as text."""
    assert Port.parse(str(port)) == port
    assert Port.parse(f"{port.first}:{port.last}") == port
    assert Port.parse(port.first) == Port(port.first, port.first)
    assert port.width == port.last - port.first + 1


@given(PORTS, PORTS)
def test_ports_overlap_when_they_share_a_number(one: Port, other: Port) -> None:
    """As sets of numbers do."""
    shared = bool(set(range(one.first, one.last + 1)) & set(range(other.first, other.last + 1)))
    assert one.overlaps(other) == other.overlaps(one) == shared


@pytest.mark.parametrize("raw", [0, -1, 65536, "0", "65536", "1:65536", "0:5", 10**30])
def test_a_port_is_from_1_to_65535(raw: object) -> None:
    """Nothing else is a port."""
    with pytest.raises(ValueError, match="does not exist"):
        Port.parse(raw)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("80-90", '"80:90"'),
        ("80 .. 90", '"80:90"'),
        ("7000\u20137010", '"7000:7010"'),
        ("80:", '"80:65535"'),
        (":80", '"1:80"'),
        ("80,81", "[80, 81]"),
        ("8 0", "[8, 0]"),
        (">1023", '"1024:65535"'),
        ("80/udp", 'proto = "udp"'),
    ],
)
def test_a_range_that_is_none_is_put_right(raw: str, said: str) -> None:
    """The spellings of pf.conf, of services(5) and of haste."""
    with pytest.raises(ValueError, match=re.escape(said)):
        Port.parse(raw)


@pytest.mark.parametrize("raw", ["http", "", "80\n", "1:2:3", "\u0668\u0660", "0x50", "+80"])
def test_a_port_is_no_other_text(raw: str) -> None:
    """Names depend on /etc/services, the rest is no number."""
    with pytest.raises(ValueError, match="is not a port"):
        Port.parse(raw)


@pytest.mark.parametrize("raw", ["8080:80", "90:80", "65535:1"])
def test_a_range_that_goes_down_is_never_turned_round(raw: str) -> None:
    """Docker's OUTSIDE:INSIDE, turned round, would open thousands of ports."""
    first, last = raw.split(":")
    with pytest.raises(ValueError, match=f"rdr = {{ port = {first} }}") as caught:
        Port.parse(raw)
    assert f"{last}:{first}" not in str(caught.value)


@pytest.mark.parametrize("raw", [True, 80.0, [80], {}, None])
def test_a_port_is_a_number_or_text(raw: object) -> None:
    """A boolean is no number."""
    with pytest.raises(ValueError, match="a port is a number or a range"):
        Port.parse(raw)


def test_protocols_that_can_be_joined() -> None:
    """Those with ports, in any order, each once."""
    for count in (1, 2, 3):
        for names in itertools.permutations(("tcp", "udp", "sctp"), count):
            made = Protocol.parse("+".join(names))
            assert made.names == names
            assert made.has_ports
            assert made.family == ""
            assert str(made) == (names[0] if count == 1 else "{ " + " ".join(names) + " }")


@pytest.mark.parametrize(
    ("raw", "family"), [("icmp", "inet"), ("icmp6", "inet6"), ("esp", ""), ("ah", ""), ("gre", "")]
)
def test_protocols_without_ports(raw: str, family: str) -> None:
    """They have no ports, and those of one family say so."""
    made = Protocol.parse(raw)
    assert (made.has_ports, made.family, str(made)) == (False, family, raw)


@pytest.mark.parametrize(
    "raw", ["", "tcp+", "+", "tcp+tcp", "tcp+icmp", "icmp+icmp6", "TCP", "tcp udp", "256", "all", -1, None]
)
def test_protocols_that_are_none(raw: object) -> None:
    """Joined ones need ports on both sides; numbers end at 255, and capitals are no protocols."""
    with pytest.raises(ValueError, match="protocol"):
        Protocol.parse(raw)


@pytest.mark.parametrize("kind", [Interface, TableName])
@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_words_of_pf_conf_are_no_names(kind: Any, word: str) -> None:
    """Interfaces and tables stand unquoted in rules; a word of pf.conf there is a syntax error or means something else."""
    with pytest.raises(ValueError, match=r"is a word of pf\.conf|is not an interface"):
        kind.parse(word)


def test_all_words_that_the_simulated_pf_keeps_are_known() -> None:
    """Two lists of keywords, from one source, agree."""
    assert set(KNOWN_TO_PF) <= KEYWORDS


LIMITS = {Interface: 15, TableName: 31, Name: 63, JailName: 255}


@pytest.mark.parametrize("kind", LIMITS)
def test_names_are_as_long_as_pf_allows(kind: Any) -> None:
    """The longest name is taken, one byte more is not."""
    assert kind.parse("x" * LIMITS[kind]) == "x" * LIMITS[kind]
    with pytest.raises(ValueError, match=r"at most|letters"):
        kind.parse("x" * (LIMITS[kind] + 1))
    with pytest.raises(ValueError, match="is not"):
        kind.parse("")


@given(TEXT)
def test_a_name_is_one_plain_word(word: str) -> None:
    """Whatever is taken has no syntax, is ASCII, comes back unchanged, and fits its own schema."""
    for kind in LIMITS:
        if (made := tried(kind, word)) is None:
            continue
        assert str(made) == word
        assert re.fullmatch(r"[A-Za-z0-9_.:+@-]+", word)
        assert re.search(str(kind.schema()["pattern"]), word)


@pytest.mark.parametrize("word", ["..", "a..b", "", "*", "/", "a/b", "-a", ".a", "a b", "a*", "é", "a\n"])
def test_names_of_jails_that_would_address_something_else(word: str) -> None:
    """'', '*', '/' and '..' would mean the main ruleset or another folder."""
    with pytest.raises(ValueError, match="is not the name of a jail"):
        JailName.parse(word)


@pytest.mark.parametrize("word", ["web", "parent.child", "_x", "1", "a:b", "user@host", "a+b", "UPPER", "a-"])
def test_names_of_jails(word: str) -> None:
    """What jail(8) takes."""
    assert JailName.parse(word) == word


@given(TEXT)
def test_a_file_name_stays_inside_its_quotes(word: str) -> None:
    """Nothing that ends or extends a quoted string, a macro, or a line."""
    if (made := tried(Filename, word)) is None:
        return
    assert made == word
    assert word
    assert not re.search(r'["\\$#\x00-\x1f\x7f]', word)


@pytest.mark.parametrize(
    "word", ["", 'a"b', "a\\b", "a$b", "a#b", "a\nb", "a\0b", "a\tb", "a\x7fb", "x" * 1024, "é" * 512]
)
def test_file_names_that_pfctl_cannot_be_given(word: str) -> None:
    """Quotes, backslashes, macros, comments, control characters, and more than 1023 bytes."""
    with pytest.raises(ValueError, match="file name"):
        Filename.parse(word)


@pytest.mark.parametrize("word", ["a", "/a/b c", "a'b", "é", "-f", "a;b", "x" * 1023, "..", "{jail}"])
def test_file_names(word: str) -> None:
    """Blanks, apostrophes and other letters are fine inside double quotes."""
    assert Filename.parse(word) == word
    assert Filename.schema()["type"] == "string"


@given(st.integers(1, 4294967), st.integers(1, 0xFFFFFFFF))
def test_counts_and_rates_come_back(count: int, seconds: int) -> None:
    """Any positive number that pf can hold."""
    assert Count.parse(count) == count
    assert str(Rate.parse(f"{count}/{seconds}")) == f"{count}/{seconds}"


@pytest.mark.parametrize("raw", [0, -1, 2**32, True, 1.0, "5", None, [1]])
def test_counts_that_are_none(raw: object) -> None:
    """Zero would mean no limit to pf."""
    with pytest.raises(ValueError, match=r"out of range|a whole number"):
        Count.parse(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "15",
        "15/",
        "/5",
        "15/5/5",
        "0/5",
        "5/0",
        "15 / 5",
        "15/5s",
        "-1/5",
        "99999999999/1",
        "4294968/1",
        "1/4294967296",
        15,
        "\u0661/\u0665",
    ],
)
def test_rates_that_are_none(raw: object) -> None:
    """Both numbers, positive, that pf can hold."""
    with pytest.raises(ValueError, match=r"rate|out of range"):
        Rate.parse(raw)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (True, "a boolean"),
        (1, "a number"),
        (1.0, "a float"),
        ("", "a string"),
        ([], "an array"),
        ({}, "a table"),
        (None, "a date or time"),
    ],
)
def test_values_are_described_in_the_words_of_toml(raw: object, said: str) -> None:
    """So that an error names what the user wrote."""
    assert describe(raw) == said


@pytest.mark.parametrize("kind", [Port, Protocol, Rate, Count])
def test_each_has_a_schema(kind: Any) -> None:
    """Editors are told."""
    assert kind.schema()


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda one: Port(one[0], one[0] + one[1])), max_size=8
    )
)
def test_a_port_that_stands_twice_is_found(ports: list[Port]) -> None:
    """Whenever any two of a list overlap, and never otherwise; the later one is to blame."""
    pairs = [(one, other) for number, one in enumerate(ports) for other in ports[:number] if one.overlaps(other)]
    found = list(overlapping(tuple(ports)))
    assert bool(found) == bool(pairs)
    for where, said in found:
        later = ports[int(where.partition(".")[2])]
        assert any(f"port {one} is already in {other}" == said for one, other in pairs if one == later)


def test_many_ports_cost_what_reading_them_costs() -> None:
    """30,000 ports were 450 million comparisons."""
    assert not list(overlapping(tuple(Port(number, number) for number in range(1, 60001, 2))))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("ospf", "89"), (89, "89"), ("igmp", "2"), ("ipv6", "41"), (6, "tcp"), ("58", "icmp6"), ("pfsync", "240")],
)
def test_protocols_by_name_and_number(raw: object, shown: str) -> None:
    """Those that jailpf knows have their name, the rest are numbers: protocols(5) of another host may lack them."""
    made = Protocol.parse(raw)
    assert (str(made), made.has_ports) == (shown, shown == "tcp")
