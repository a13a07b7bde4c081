"""What the main ruleset lets through although a jail denies it: told, and shown by a packet that is let through."""

from __future__ import annotations

import pytest

from jailpf.pf.simulated import Simulated
from jailpf.pf.simulated.judged.judge import judged

DENIES = (
    "block drop quick inet from 10.0.0.3 to 10.0.0.2\n"
    'block return out quick inet proto tcp from any to any port 25 tagged "jailpf.out/web"\n'
)
WEB = (
    "table <over> persist\n"
    'nat on em0 inet from 10.0.0.2 to any tag "jailpf.out/web" -> (em0:0)\n'
    f"{DENIES}block drop in quick inet proto tcp from <over> to 10.0.0.2 port 80\n"
    "pass in quick inet proto tcp from any to 10.0.0.2 port 80 keep state (max-src-conn 5, overload <over>)\n"
)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("pass out quick on em0", "em0"),
        ("pass quick proto tcp to any port 25", "em0"),
        ("pass quick on lo", "lo"),
        ("pass quick on lo1 inet from 10.0.0.0/24", "lo"),
        ("pass quick on lo0", ""),
        ("pass out on em0", ""),
        ("pass out quick on em0 proto udp", ""),
        ("pass in quick on em0 proto tcp from 192.0.2.1 to any port 80", ""),
        ("pass quick inet6", ""),
        ("set skip on lo", "skip"),
        ("set skip on lo0", ""),
    ],
)
def test_what_opens_a_deny_is_told(line: str, level: str) -> None:
    """Exactly where its packets are, and with one of them; no limit is one."""
    option, rule = (line, "") if line.startswith("set") else ("", line)
    main = f'{option}\nnat-anchor "jailpf/*"\nblock all\n{rule}\nanchor "jailpf/*"\n'
    pf = Simulated(main=main)
    for name, address in (("web", "10.0.0.2"), ("bad", "10.0.0.3")):
        pf.topology.add_jail(name, [address])
    pf.load("jailpf/-deny.web", DENIES)
    pf.load("jailpf/web", WEB)
    found = [one for one in judged(pf, lambda path: path.startswith("jailpf/")) if one.kind in ("opens", "unseen")]
    seen = ["skip" if one.kind == "unseen" else "lo" if one.words else "em0" for one in found]
    assert seen == ([level] if level else [])
    senders = {"10.0.0.2": "jail:web", "10.0.0.3": "jail:bad"}
    for one in found:
        source, *to = one.example.source, one.example.to, one.example.port
        source = source if source in senders else "10.0.0.2"  # what nat made of it
        assert pf.connect(one.example.proto, source, *to, sender=senders[source], keep=False).verdict == "pass"
