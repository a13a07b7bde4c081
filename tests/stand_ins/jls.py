"""`jls [-j NAME] --libxo json PARAMETER...` and `jls jid name` over a file of jails: {name: {parameter: value}}.

The file may also say {"": {"unknown": [parameters that this kernel lacks], "strings": true for lists as comma strings}}.
"""

from __future__ import annotations

import json
import sys


def main(file, args):
    with open(file) as opened:
        jails = json.load(opened)
    kernel = jails.pop("", {})
    which = None
    if args[:1] == ["-j"]:
        which, args = args[1], args[2:]
    if args == ["jid", "name"]:
        for number, (name, jail) in enumerate(jails.items(), 1):
            print(f"{jail.get('jid', number)} {name}")
        return 0
    if which is not None and args == ["jid"]:
        if which not in jails:
            print(f'jls: jail "{which}" not found', file=sys.stderr)
            return 1
        print(jails[which].get("jid", 0))
        return 0
    if args[:2] != ["--libxo", "json"]:
        print("usage: jls [-dhNnqv] [-j jail] [param ...]", file=sys.stderr)
        return 1
    for name in args[2:]:
        if name in kernel.get("unknown", ()):
            print(f"jls: unknown parameter: {name}", file=sys.stderr)
            return 1
    found = [{"name": name, **jail} for name, jail in jails.items() if which in (None, name)]
    shown = []
    for jail in found:
        entry = {}
        for name in args[2:]:
            value = jail.get(name, [] if name.endswith("addr") else "inherit" if name == "vnet" else "")
            entry[name] = ",".join(value) if kernel.get("strings") and isinstance(value, list) else value
        shown.append(entry)
    print(json.dumps({"__version": "2", "jail-information": {"jail": shown}}))
    if which is not None and not found:
        print(f'jls: jail "{which}" not found', file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
