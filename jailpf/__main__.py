"""`python -I -m jailpf`, and the program `jailpf`: the short way of a hook first, everything else by argparse."""

import os
import sys


def main() -> int:
    """Run the command line of sys.argv; the exit status."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open("/dev/null", os.O_RDWR)  # takes the place of the closed one, which some file of ours would get
    if "created" in sys.argv[-2:-1]:
        from jailpf import warm

        form = warm.parse(sys.argv[1:])
        if form and (status := warm.created(*form)) is not None:
            warm.log(f"created {form[2]}: loaded")
            return status
    from jailpf.cli import main as whole

    return whole(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
