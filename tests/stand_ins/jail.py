"""`jail -f FILE -e SEPARATOR` as jail(8) of 15.1 does it, by jailpf's own parser of jail.conf, which recorded runs of jail(8) hold.

With -13 first, `.include` is unknown.
"""

from __future__ import annotations

import sys

from jailpf.managers import jailparse


def main(args: list[str]) -> int:
    old = args[:1] == ["-13"]
    args = args[old:]
    if len(args) != 4 or args[0] != "-f" or args[2] != "-e":
        print("usage: jail [-dhilqv] ...", file=sys.stderr)
        return 1
    sys.stderr.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    sys.stdout.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    try:
        blocks = jailparse.parse(args[1], includes=not old)
        warnings: list[str] = []
        jails = jailparse.resolve(blocks, warnings)
    except jailparse.JailConfError as wrong:
        for line in wrong.lines:
            print(f"jail: {line}", file=sys.stderr)
        return 1
    for line in warnings:
        print(f"jail: {line}", file=sys.stderr)
    unknown = [jail for jail in jails if old and ".include" in jail]
    for jail in unknown:
        print(f"jail: {''.join(jail['name'])}: unknown parameter: .include", file=sys.stderr)
    if not unknown:
        sys.stdout.write(jailparse.show(jails, args[3]))
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
