"""The world that a question is about: what pf holds, or what a pf.conf and a host that are named would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.insight.world import World
    from jailpf.lifecycle.session import Session


def world_of(session: Session, options: Namespace) -> World:
    """By --main, --declared, --interfaces and --interface. Raises the errors of `build`, PfRefusedError for a file that pfctl
    would not load.
    """
    from jailpf.errors import PfRefusedError
    from jailpf.insight.loading import loadable
    from jailpf.insight.world import build

    world = build(
        session,
        main=options.main or "",
        declared=options.declared,
        interfaces=options.interfaces or "",
        given=options.interface or (),
    )
    if options.main:
        world.problems += [PfRefusedError(one) for one in loadable(world, options.main)]
    return world
