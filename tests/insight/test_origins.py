"""jailpf.insight.origins: a loaded rule's declaration, however pf prints the rule."""

from __future__ import annotations

import pytest

from jailpf.insight.origins import Origins
from jailpf.pf.simulated import Topology

RDR = 'rdr on {{ em0 lo0 }} inet proto tcp from any to <ext_ip4> port {} tag "jailpf.in/web" -> 10.0.0.2 port {}'
PASS = 'pass in quick inet proto tcp from any to 10.0.0.2 port {} tagged "jailpf.in/web" label "jailpf/web" label "jailpf/web/{}"'
DECLARED = [
    (RDR.format(8080, 80), "http"),
    (RDR.format(8443, 443), "https"),
    (PASS.format(80, "http"), "http"),
    (PASS.format(443, "https"), "https"),
]


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("rdr on lo0 inet proto tcp from any to <ext_ip4> port = 8443 tag jailpf.in/web -> 10.0.0.2 port 443", "https"),
        (
            "rdr on em0 inet proto tcp from any to <ext_ip4> port = http-alt tag jailpf.in/web -> 10.0.0.2 port 80",
            "http",
        ),
        ("rdr on em0 inet proto tcp from any to <ext_ip4> port = 8443 tag jailpf.in/web -> 10.0.0.9 port 443", "https"),
        (
            'pass in quick inet proto tcp from any to 10.0.0.2 port = 443 flags S/SA keep state label "jailpf/web/https"',
            "https",
        ),
        (
            'pass in quick inet proto tcp from any to 10.0.0.7 port = 80 flags S/SA keep state label "jailpf/web/http"',
            "http",
        ),
        ("pass quick all flags S/SA keep state", None),
        ("rdr on em0 inet proto tcp from any to any port = 25 -> 10.0.0.2", None),
        ("no sense at all", None),
    ],
)
def test_a_rule_is_known_by_label_tag_and_fields(text: str, origin: str | None) -> None:
    """Also when it is printed in other words, or loaded from an older form of the declaration; others are nobody's."""
    assert Origins(Topology(), DECLARED).of(text) == origin
