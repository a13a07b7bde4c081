"""The words of pf.conf(5): keywords, protocols, services, ICMP types and timeouts.

Names of services are a fixed small table, never /etc/services: what a test says must not depend on the
machine.
"""

from __future__ import annotations

_KNOWN = """
all allow-opts anchor any binat binat-anchor bitmask block code drop file flags flush from global icmp-type
icmp6-type in inet inet6 keep label log match matches max max-src-conn max-src-conn-rate max-src-nodes
max-src-states modulate nat nat-anchor no no-route no-sync on out overload pass port proto quick random rdr
rdr-anchor return return-rst round-robin rtable rule set skip sloppy source-hash source-track state
static-port sticky-address synproxy table tag tagged to urpf-failed
"""
_UNKNOWN = """
af-to allow-related altq antispoof bandwidth binat-to block-policy bridge-to buckets cbq codelq debug
divert-reply divert-to dnpipe dnqueue dup-to endpi ether fail-policy fairq fingerprints floating for
fragment group hfsc hogs hostid if-bound include interval keepcounters key l3 limit linkshare load
loginterface map-e-portset max-mss max-pkt-rate max-pkt-size min-ttl nat-to no-df once optimization os pflow
prio priority priq probability qlimit queue random-id rdr-to realtime reassemble received-on reply-to
require-order return-icmp return-icmp6 ridentifier route route-to ruleset-optimization scrub set-tos
state-defaults state-policy syncookies tbrsize timeout tos ttl upperlimit user
"""

# A word of pf.conf(5) -> the terminal of grammar.lark; UNKNOWN words are refused by name.
KEYWORDS: dict[str, str] = {
    **{word: word.upper().replace("-", "_") for word in _KNOWN.split()},
    **dict.fromkeys(_UNKNOWN.split(), "UNKNOWN"),
}

PROTOCOLS: dict[int, str] = {
    1: "icmp",
    2: "igmp",
    4: "ipencap",
    6: "tcp",
    17: "udp",
    41: "ipv6",
    46: "rsvp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    89: "ospf",
    103: "pim",
    112: "carp",
    132: "sctp",
}
PROTOCOL_NUMBERS: dict[str, int] = {**{name: n for n, name in PROTOCOLS.items()}, "icmp6": 58}
WITH_PORTS = frozenset({"tcp", "udp", "sctp"})

SERVICES: dict[str, int] = {
    "ftp-data": 20,
    "ftp": 21,
    "ssh": 22,
    "telnet": 23,
    "smtp": 25,
    "domain": 53,
    "bootps": 67,
    "bootpc": 68,
    "tftp": 69,
    "http": 80,
    "www": 80,
    "kerberos": 88,
    "pop3": 110,
    "sunrpc": 111,
    "auth": 113,
    "nntp": 119,
    "ntp": 123,
    "imap": 143,
    "snmp": 161,
    "snmptrap": 162,
    "bgp": 179,
    "ldap": 389,
    "https": 443,
    "smtps": 465,
    "isakmp": 500,
    "syslog": 514,
    "printer": 515,
    "submission": 587,
    "ldaps": 636,
    "rsync": 873,
    "imaps": 993,
    "pop3s": 995,
    "openvpn": 1194,
    "nfsd": 2049,
    "mysql": 3306,
    "sieve": 4190,
    "sip": 5060,
    "postgresql": 5432,
    "mdns": 5353,
    "http-alt": 8080,
}

ICMP_TYPES: dict[str, int] = {
    "echorep": 0,
    "unreach": 3,
    "squench": 4,
    "redir": 5,
    "althost": 6,
    "echoreq": 8,
    "routeradv": 9,
    "routersol": 10,
    "timex": 11,
    "paramprob": 12,
    "timereq": 13,
    "timerep": 14,
    "inforeq": 15,
    "inforep": 16,
    "maskreq": 17,
    "maskrep": 18,
}
ICMP6_TYPES: dict[str, int] = {
    "unreach": 1,
    "toobig": 2,
    "timex": 3,
    "paramprob": 4,
    "echoreq": 128,
    "echorep": 129,
    "groupqry": 130,
    "listqry": 130,
    "grouprep": 131,
    "listenrep": 131,
    "groupterm": 132,
    "listendone": 132,
    "routersol": 133,
    "routeradv": 134,
    "neighbrsol": 135,
    "neighbradv": 136,
    "redir": 137,
}

# In the order in which pfctl prints them behind the other state options.
TIMEOUTS: tuple[str, ...] = (
    "tcp.first",
    "tcp.opening",
    "tcp.established",
    "tcp.closing",
    "tcp.finwait",
    "tcp.closed",
    "tcp.tsdiff",
    "sctp.first",
    "sctp.opening",
    "sctp.established",
    "sctp.closing",
    "sctp.closed",
    "udp.first",
    "udp.single",
    "udp.multiple",
    "icmp.first",
    "icmp.error",
    "other.first",
    "other.single",
    "other.multiple",
    "frag",
    "interval",
    "adaptive.start",
    "adaptive.end",
    "src.track",
)
