"""jailpf on the real thing: FreeBSD's pf, jail(8) and network. See README.md beside this file."""

from __future__ import annotations
