"""doctor: what is wrong with this host, why it matters, and the command that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jailpf.errors import JailpfError
from jailpf.managers.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jailpf.errors import Problem
    from jailpf.lifecycle.session import Session

    Check = Callable[[Session], Iterable[Finding]]

__all__ = ["Finding", "examine"]


def examine(session: Session) -> Iterator[Finding]:
    """Every finding, the worst first things first. A check that cannot be made is a finding of its own."""
    from jailpf.doctor import addresses, boot, host, jails, judgement, main_ruleset, network, policy, skip, strangers

    try:
        _ = session.settings
    except JailpfError as wrong:
        yield from (Finding.of(problem, "everything else depends on the settings") for problem in wrong.problems)
        return
    checks: list[Check] = [*host.CHECKS, *main_ruleset.CHECKS, *skip.CHECKS, *policy.CHECKS, *judgement.CHECKS]
    checks += [*addresses.CHECKS, *network.CHECKS, *strangers.CHECKS, *jails.CHECKS, *boot.CHECKS]
    broken: set[Problem] = set()
    told: set[Finding] = set()
    for check in checks:
        try:
            for finding in check(session):
                if finding not in told:
                    yield finding
                told.add(finding)
        except JailpfError as wrong:
            for problem in wrong.problems:
                if problem not in broken:
                    broken.add(problem)
                    yield Finding.of(problem, (check.__doc__ or "").split(".")[0] + " could not be checked")
