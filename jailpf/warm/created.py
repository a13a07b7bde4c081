"""`created`: load the plan that prestart has looked at."""

import os

from jailpf.state import index, planfile, seal, writes
from jailpf.state.lock import Lock
from jailpf.state.rundir import is_private, is_recent
from jailpf.system import living, spawn
from jailpf.warm import DONE, Form


def created(form: Form) -> str | None:
    """What was done, None when it has to be done in full. Raises OSError, ValueError, TimeoutError for the same."""
    run, record = form.run, form.run.record(form.name)
    if not is_private(run.path) or not is_private(run.plan(form.name)) or os.path.lexists(record):
        return None
    with Lock(run):
        # Without a mark of prestart, or long after it, somebody may have claimed or promised otherwise.
        if os.path.lexists(record) or os.path.lexists(record + ".new") or not is_recent(run.start(form.name)):
            return None
        plan = planfile.read(run, form.name, form.settings)
        if plan is None:
            return None
        try:
            if index.is_named(run, index.read(run), form.name, form.jail, plan.face):
                return None
            ready = plan.program and plan.loads and spawn.is_trusted(plan.program)
            return DONE["created"] if ready and _load(form, plan) else None
        finally:
            plan.close()


def _load(form: Form, plan: planfile.Plan) -> bool:
    jid = living.jid((form.jail, planfile.running_name(plan.record)))
    record = form.run.record(form.name)
    staged = writes.stage(record, seal.sealed(seal.RECORD, b"jid %d\n" % jid + plan.record))
    for number, (path, text) in enumerate(plan.loads):
        if status := spawn.run([plan.program, "-a", path, "-f", "-"], text)[0]:
            if not number and status > 0:  # refused, so that nothing is loaded
                writes.remove(staged)
            return False
    writes.commit(staged)
    writes.remove(form.run.start(form.name))
    return True
