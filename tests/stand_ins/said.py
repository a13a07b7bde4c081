"""A program that answers from a file: {"its arguments": [exit status, stdout, stderr]}; anything else is a usage error."""

from __future__ import annotations

import json
import sys


def main(file, args):
    with open(file) as opened:
        answers = json.load(opened)
    status, out, err = answers.get(" ".join(args), [64, "", "usage: " + " ".join(args) + "\n"])
    sys.stdout.write(out)
    sys.stderr.write(err)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
