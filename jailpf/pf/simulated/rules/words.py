"""The words of pf.conf(5): keywords, timeouts, types of service."""

from __future__ import annotations

from jailpf.pf.simulated.rules.names import PROTOCOL_NUMBERS, PROTOCOLS

__all__ = ["KEYWORDS", "PROTOCOLS", "PROTOCOL_NUMBERS", "TIMEOUTS", "TOS", "WITH_PORTS"]

KEYWORDS: frozenset[str] = frozenset(
    ["af-to", "all", "allow-opts", "allow-related", "altq", "anchor", "antispoof", "any", "bandwidth", "binat", "binat-anchor", "binat-to", "bitmask", "block", "block-policy", "bridge-to", "buckets", "cbq", "code", "codelq", "debug", "divert-reply", "divert-to", "dnpipe", "dnqueue", "drop", "dup-to", "endpoint-independent", "ether", "fail-policy", "fairq", "fastroute", "file", "fingerprints", "flags", "floating", "flush", "for", "fragment", "from", "global", "group", "hfsc", "hogs", "hostid", "icmp-type", "icmp6-type", "if-bound", "in", "include", "inet", "inet6", "interval", "keep", "keepcounters", "l3", "label", "limit", "linkshare", "load", "log", "loginterface", "map-e-portset", "match", "matches", "max", "max-mss", "max-pkt-rate", "max-pkt-size", "max-src-conn", "max-src-conn-rate", "max-src-nodes", "max-src-states", "min-ttl", "modulate", "nat", "nat-anchor", "nat-to", "no", "no-df", "no-route", "no-sync", "on", "optimization", "os", "out", "overload", "pass", "pflow", "port", "prefer-ipv6-nexthop", "prio", "priority", "priq", "probability", "proto", "qlimit", "queue", "quick", "random", "random-id", "rdr", "rdr-anchor", "rdr-to", "realtime", "reassemble", "received-on", "reply-to", "require-order", "return", "return-icmp", "return-icmp6", "return-rst", "ridentifier", "round-robin", "route", "route-to", "rtable", "rule", "ruleset-optimization", "scrub", "set", "set-tos", "skip", "sloppy", "source-hash", "source-track", "state", "state-defaults", "state-policy", "static-port", "sticky-address", "syncookies", "synproxy", "table", "tag", "tagged", "target", "tbrsize", "timeout", "to", "tos", "ttl", "upperlimit", "urpf-failed", "user"]
)

WITH_PORTS = frozenset({"tcp", "udp", "sctp"})

# In the order in which pfctl prints them behind the other state options.
TIMEOUTS: tuple[str, ...] = (
    *("tcp.first", "tcp.opening", "tcp.established", "tcp.closing", "tcp.finwait", "tcp.closed"),
    *("udp.first", "udp.single", "udp.multiple", "icmp.first", "icmp.error"),
    *("other.first", "other.single", "other.multiple", "frag", "interval", "adaptive.start", "adaptive.end"),
    *("src.track", "tcp.tsdiff", "sctp.first", "sctp.opening", "sctp.established", "sctp.closing", "sctp.closed"),
)

# DiffServ code points and older names; any case is fine.
TOS: dict[str, int] = {
    **{f"af{x}{y}": (x * 8 + y * 2) << 2 for x in (1, 2, 3, 4) for y in (1, 2, 3)},
    **{f"cs{x}": x << 5 for x in range(8)},
    "critical": 0xA0, "ef": 0xB8, "inetcontrol": 0xC0, "lowdelay": 0x10, "netcontrol": 0xE0,
    "reliability": 0x04, "throughput": 0x08, "va": 0xB0,
}
