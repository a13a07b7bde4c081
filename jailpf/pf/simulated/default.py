"""The main ruleset of a simulated pf that is given none."""

# What `jailpf init` prints, with the tables that DESIGN.md section 10 gives the simulated host.
from __future__ import annotations

DEFAULT_MAIN = """\
table <ext_ip4> persist { 203.0.113.1 }
table <ext_ip6> persist { 2001:db8::1 }
nat-anchor "jailpf/*"
binat-anchor "jailpf/*"
rdr-anchor "jailpf/*"
block all
pass inet6 proto icmp6
anchor "jailpf/*"
"""
