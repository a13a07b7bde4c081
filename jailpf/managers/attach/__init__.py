"""Connecting jails to jailpf: the hook lines in their managers' files, written and removed without another trace.

`jailpf.managers.attach.new` writes first declarations.
"""

from __future__ import annotations

from jailpf.managers.attach.change import Result, attach, detach

__all__ = ["Result", "attach", "detach"]
