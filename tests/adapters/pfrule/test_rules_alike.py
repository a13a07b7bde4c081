"""What the tests above take for the same rules."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stand_ins.host import Host


from alike import differences
from folder_rules import J4, compared, imported


def test_differences_are_told_from_each_side() -> None:
    before = 'p = "{ 80 443 }"\nrdr proto tcp to 192.0.2.1 port $p -> 10.0.0.1\nscrub in all\n'
    after = (
        "rdr on em0 inet proto tcp from any to 192.0.2.1 port 80 -> 10.0.0.1\n"
        "rdr on em0 inet proto tcp from any to 192.0.2.1 port 444 -> 10.0.0.1 port 443\n"
    )
    assert list(map(str, differences(before, after))) == [
        "before: scrub in all (not understood)",
        "before: rdr inet proto tcp from any to 192.0.2.1 port 443 -> 10.0.0.1",
        "after: rdr inet proto tcp from any to 192.0.2.1 port 444 -> 10.0.0.1:443",
    ]
    assert differences(after, after) == []


def test_tables_lists_families_and_service_names_are_written_out() -> None:
    before = 'table <t> { 10.0.0.1, fd00::1 }\npass in quick proto tcp from any to <t> port { http 443 } label "x"\n'
    after = (
        'pass quick inet proto tcp from 0.0.0.0/0 to 10.0.0.1 port { 80 443 } tagged "y"\n'
        "pass quick inet6 proto tcp from any to fd00:0::1 port 80\npass quick inet6 proto tcp from any to fd00::1 port 443\n"
    )
    assert differences(before, after) == []


def test_a_list_of_one_family_each_and_long_ranges_are_compared(host: Host) -> None:
    one = imported(
        host,
        rdr__conf=f"rdr inet proto udp to <ext_ip4> port 30000:40000 -> {J4} port 20000:*\n",
        filter__conf=f"pass in proto udp to {J4} port 20000:30000\n",
    )
    assert tomllib.loads(one.text)["service"] == {
        "udp-20000": {"proto": "udp", "port": "20000:30000", "rdr": {"port": "30000:40000"}}
    }
    assert compared(host, one) == []
