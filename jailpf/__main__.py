"""`jailpf-hook`, `python -IS FILE`, `python -I -m jailpf`, and the program `jailpf`: the short way of a hook first, everything else by argparse."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Run the command line of sys.argv; the exit status."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open("/dev/null", os.O_RDWR)  # takes the place of the closed one, which some file of ours would get
    if sys.argv[-2:-1] in (["prestart"], ["created"], ["poststop"]):
        from jailpf import warm

        if (status := warm.hook(sys.argv[1:])) is not None:
            os._exit(status)  # nothing was printed, and tearing the interpreter down takes a tenth of the time
    if sys.flags.no_site:  # hooks do without; what they leave to others does not
        import site

        site.main()
    if sys.argv[1:2] == ["-m"]:  # the hooks' program of a manager that calls none by name, such as Podman's
        from importlib import import_module

        run: Callable[[list[str]], int] = import_module(sys.argv[2]).run
        return run(sys.argv[3:])
    from jailpf.cli import main as whole

    return whole(sys.argv[1:])


if __name__ == "__main__":
    if not __package__:  # by its file, so that nobody has said where the package is
        sys.path.append(__file__.rpartition("/")[0].rpartition("/")[0])
    sys.exit(main())
