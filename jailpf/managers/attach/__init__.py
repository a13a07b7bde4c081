"""Connecting jails to jailpf: the hook lines in their managers' files, written and removed without another trace.

`jailpf.managers.attach.new` writes first declarations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jailpf.managers.attach.change import Result, attach, detach

__all__ = ["Result", "attach", "detach"]


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is asked for: the hook lines' form is needed more often than the rest."""
    if name in __all__:
        from jailpf.managers.attach import change

        return getattr(change, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
