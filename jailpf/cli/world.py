"""The world that a question is about: what pf holds, or what a pf.conf and a host that are named would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session


def world_of(session: Session, options: Namespace) -> World:
    """By --main, --declared, --interfaces and --interface. Raises the errors of `build`."""
    from jailpf.insight.world import build

    return build(
        session,
        main=options.main or "",
        declared=options.declared,
        interfaces=options.interfaces or "",
        given=options.interface or (),
    )
