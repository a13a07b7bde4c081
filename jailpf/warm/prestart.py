"""`prestart`: nothing that the plan was made of has changed, pf is ready, and nobody else claims the same."""

import os
from zlib import crc32

from jailpf.state import index, planfile, seal, writes
from jailpf.state.lock import Lock
from jailpf.state.rundir import is_private
from jailpf.system import spawn
from jailpf.warm import DONE, Form


def prestart(form: Form) -> str | None:
    """What was done, None when it has to be done in full. Raises OSError, ValueError, TimeoutError for the same."""
    try:
        os.lstat(os.path.join(os.path.dirname(form.settings), "promises.toml"))
        return None  # what is loaded for others may break one by now
    except FileNotFoundError:
        pass
    run, record = form.run, form.run.record(form.name)
    if not is_private(run.plans) or not is_private(run.plan(form.name)):
        return None
    plan = planfile.read(run, form.name, form.settings)
    if plan is None:
        return None
    plan.close()
    if not plan.main or not spawn.is_trusted(plan.program) or not _has_outside(plan) or not _is_ready(plan):
        return None
    run.make()
    with Lock(run):
        text = index.read(run)
        if (
            os.path.lexists(record)
            or os.path.lexists(record + ".new")
            or index.meets(run, text, form.name, plan.claims)
        ):
            return None
        with_mine = index.added(text, form.name, plan.claims)
        if with_mine != text:
            index.write(run, with_mine)
        writes.replace(run.start(form.name), seal.sealed(seal.RECORD, b"jid 0\n" + plan.record), sync=False)
    return DONE["prestart"]


def _has_outside(plan: planfile.Plan) -> bool:
    """Whether the interfaces and addresses are there that the rules are about."""
    if not (plan.links or plan.addresses):
        return True
    from jailpf.system import links

    return links.there(plan.links, plan.addresses)


def _is_ready(plan: planfile.Plan) -> bool:
    """Whether pf filters, and its main ruleset is the one that calls our anchors. One wait for three programs."""
    words = (["-s", "Running"], ["-P", "-s", "rules"], ["-P", "-s", "nat"])
    answers = spawn.together([[plan.program, *one] for one in words])
    if any(status or not _is_quiet(err) for status, _, err in answers):
        return False
    return " ".join(_checksum(out) for _, out, _ in answers[1:]) == plan.main


def _is_quiet(err: bytes) -> bool:
    return all(b"ALTQ" in line for line in err.splitlines())


def _checksum(out: bytes) -> str:
    """As lifecycle/checks/readiness.py makes it."""
    lines = [line for line in out.decode("utf-8", "replace").splitlines() if line.strip()]
    return f"{crc32(chr(10).join(lines).encode('utf-8', 'replace')):08x}"
