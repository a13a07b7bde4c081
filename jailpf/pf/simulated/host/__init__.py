"""The host around the simulated pf: interfaces, their groups and addresses, routes, jails.

Here belong: what ifconfig(8), netstat(1) and sysctl(8) say. Not here: which rules look at it (kernel, reach).
"""

from __future__ import annotations
