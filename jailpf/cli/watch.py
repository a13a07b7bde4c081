"""watch: a small daemon that does what sync does when a jail comes or goes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace

    from jailpf.lifecycle.session import Session


def watch(session: Session, options: Namespace) -> int:
    """Becomes the small process. Raises ConfigError for settings that cannot be read."""
    settings = session.settings
    from jailpf.lifecycle.opening import make

    make(session.directory)
    more = ["--pf", options.pf] if options.pf else []
    words = [
        settings.file, session.directory.path, settings.programs["jls"],
        settings.programs["pfctl"] if settings.pf == "pfctl" else "",
        str(settings.watch.every), "start" if settings.watch.start else "", *more,
    ]  # fmt: skip
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-I", "-m", "jailpf.lifecycle.watch", *words])  # noqa: S606 - no shell
