"""What the OCI hooks run: the container's state comes as JSON on standard input, and jailpf is called with its name.

ocijail gives the hook every word of `args`, Podman itself takes the first for argv[0], so only the last word counts. A
container without the annotation is none of ours: 0, and nothing is run. While a hook runs, Podman holds the container's
lock, and `podman inspect` would wait for it: what the state says is kept beside the records, where the adapter looks
first.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from jailpf.plugin import JailName
from jailpf_adapters.podman.container import of_json

WITHIN = "JAILPF_WITHIN_OCI_HOOK"
"""Set for the command of a hook: Podman must not be asked then. It can only make jailpf know less."""
VERBS = ("prestart", "created", "poststop")


def main(arguments: list[str], state: str) -> list[str]:
    """The words for jailpf, [] when there is nothing to do. arguments: options of jailpf, the verb last."""
    *options, verb = [word for word in arguments if not word.endswith("oci-hook")] or [""]
    if verb not in VERBS:
        raise ValueError(f"{verb!r} is not one of {', '.join(VERBS)}")
    container = of_json(state)
    if not container.name:
        return []
    name = JailName.parse(container.name)
    folder = options[options.index("--run") + 1] if "--run" in options else "/var/run/jailpf"
    keep(folder, name, state if verb != "poststop" else "")
    return [*options, verb, name]


def keep(folder: str, name: str, state: str) -> None:
    """Write the state of a container for `Podman.find`, or take it away."""
    file = state_file(folder, name)
    if not state:
        with suppress(OSError):
            os.unlink(file)
        return
    with suppress(OSError):
        os.makedirs(os.path.dirname(file), 0o700, exist_ok=True)
        descriptor = os.open(f"{file}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as opened:
            opened.write(state)
        os.rename(f"{file}.new", file)


def state_file(folder: str, name: str) -> str:
    """Where the state of a container is kept."""
    return f"{folder}/podman/{name}.json"


def run(arguments: list[str]) -> int:
    """The hook, by `jailpf-hook -m`. Raises nothing: 78 for a state that cannot be read."""
    try:
        words = main(arguments, sys.stdin.read())
    except ValueError as wrong:
        print(f"jailpf: the container's state: {wrong}", file=sys.stderr)
        return 78
    if words:
        os.environ[WITHIN] = "1"
        os.execv(sys.executable, [sys.executable, "-IS", sys.argv[0], *words])  # noqa: S606 - no shell
    return 0
