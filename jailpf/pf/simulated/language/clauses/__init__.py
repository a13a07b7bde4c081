"""Parts of a rule: from and to, hosts, pools, options of states."""

from __future__ import annotations
