"""The words that pf.conf(5) keeps for itself: an unquoted interface or table of that name is a syntax error.

From lookup() in parse.y of FreeBSD 13 to 15; what only one of them has is kept out of all.
"""

from __future__ import annotations

_WORDS = """
af-to all allow-opts allow-related altq anchor antispoof any bandwidth binat binat-anchor binat-to bitmask block
block-policy bridge-to buckets cbq code codelq debug divert-reply divert-to dnpipe dnqueue drop dup-to endpi
endpoint-independent ether
fail-policy fairq fastroute file fingerprints flags floating flush for fragment from global group hfsc hogs hostid
icmp-type icmp6-type if-bound in include inet inet6 interval keep keepcounters key l3 label limit linkshare load log
loginterface map-e-portset match matches max max-mss max-pkt-rate max-pkt-size max-src-conn max-src-conn-rate
max-src-nodes max-src-states min-ttl modulate nat nat-anchor nat-to no no-df no-route no-sync on once optimization os
out overload pass pflow port prefer-ipv6-nexthop prio
priority priq probability proto qlimit queue quick random random-id rdr rdr-anchor
rdr-to realtime reassemble received-on reply-to require-order return return-icmp return-icmp6 return-rst ridentifier
round-robin route route-to rtable rule ruleset-optimization scrub set set-tos skip sloppy source-hash source-track
state state-defaults state-policy static-port sticky-address syncookies synproxy table tag tagged target tbrsize
timeout to tos ttl upperlimit urpf-failed user
"""
KEYWORDS = frozenset(_WORDS.split())
