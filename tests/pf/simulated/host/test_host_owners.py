"""Whose the addresses of a host are, however its jails came to be there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jailpf.pf.simulated import Topology

ADDRESSES = ("203.0.113.1", "203.0.113.9", "10.0.0.1", "10.0.0.2", "172.16.20.10", "2001:db8::9")
JAILS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.lists(st.sampled_from(ADDRESSES), max_size=3),
        st.lists(st.sampled_from(("em0", "lo1", "bridge0", "epair7a", "ng0")), min_size=1, max_size=2),
        st.booleans(),
    ),
    max_size=8,
)


def topology(described: bool) -> Topology:
    made = Topology.of({"em0": ("203.0.113.1/24",), "lo1": (), "bridge0": ("172.16.20.1/24",)})
    made.described = described
    return made


@given(JAILS, st.booleans())
def test_owners_are_the_same_whenever_they_are_asked_for(
    jails: list[tuple[str, list[str], list[str], bool]], described: bool
) -> None:
    """A jail that is added to known owners comes out as when all of them are looked at afresh."""
    asked, afresh = topology(described), topology(described)
    for name, addresses, interfaces, vnet in jails:
        asked.add_jail(name, addresses, interfaces, vnet)
        afresh.add_jail(name, addresses, interfaces, vnet)
        asked.owners()
        afresh._forget()
    assert list(asked.owners().items()) == list(afresh.owners().items())
    assert asked.to_json() == afresh.to_json()
