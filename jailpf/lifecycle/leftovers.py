"""What a jailpf that was killed while it wrote has left beside the files that it wrote."""

from __future__ import annotations

import glob
import os
import re
import shutil
import stat
import time
from typing import TYPE_CHECKING

from jailpf.errors import Problem, problems_of
from jailpf.pf import batch
from jailpf.state import writes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jailpf.lifecycle.session import Session

OLD = 60.0  # seconds after which nobody writes it any more
_NAME = re.compile(rf"\..+{re.escape(writes.MARK)}[0-9a-f]{{16}}", re.DOTALL)


def find(session: Session) -> Iterator[str]:
    """Temporary files of ours, in the run directory and wherever this command has read something."""
    run = session.directory
    folders = {run.path, run.records, run.starting, run.plans, os.path.dirname(session.settings.file), *session.folders}
    folders.add(os.path.dirname(session.settings.jail_file("{jail}").partition("{jail}")[0]))
    for folder in sorted(folders):
        try:
            names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]
        except OSError:
            continue
        yield from (path for name in names if _is_left(path := f"{folder}/{name}"))
    for plan in glob.glob(f"{glob.escape(run.plans)}/*/.*{writes.MARK}*"):
        if _NAME.fullmatch(os.path.basename(plan)) and _is_left(plan):
            yield plan
    yield from (one for one in glob.glob(f"{glob.escape(run.path)}/{batch.FOLDER}*") if _is_left(one, stat.S_ISDIR))


def _is_left(path: str, kind: Callable[[int], bool] = stat.S_ISREG) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    own = kind(status.st_mode) and status.st_uid == os.geteuid()
    return own and time.time() - max(status.st_mtime, status.st_ctime) > OLD


def remove(session: Session) -> list[Problem]:
    """Remove them; what could not be comes back."""
    problems = []
    for path in find(session):
        try:
            if os.path.basename(path).startswith(batch.FOLDER):
                shutil.rmtree(path)
            else:
                writes.remove(path)
        except OSError as wrong:
            problems += problems_of(wrong)
    return problems
