"""Words of pf.conf(5) that need nothing but tokens and the host: ports, ICMP types, names of interfaces, labels, lists as they are written."""

from __future__ import annotations
