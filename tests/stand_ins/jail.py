"""`jail -f FILE -e SEPARATOR` as jail(8) of 15.1 does it: jail.conf(5) in, one line for each jail out.

A reading of its own, so that it can judge what jailpf's scanner made of a file: lexical rules, globals and wildcards in
file order, `=` and `+=`, variables, `.include`, quoting of the output. With -13 first, `.include` is unknown.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import sys

TOKEN = re.compile(
    r"""(?P<skip>[ \t\r\n]+|\#.*|//.*|/\*(?:[^*]|\*+[^*/])*\*+/)|(?P<op>\+=|[,;={}])
    |"(?P<dq>(?:[^"\\]|\\(?:.|\n))*)"|'(?P<sq>(?:[^'\\]|\\(?:.|\n))*)'
    |\$(?:\{(?P<braced>[^\n{}]*)\}|(?P<var>[A-Za-z_]\w*))|\\(?P<esc>.|\n)
    |(?P<bare>[A-Za-z0-9_!%&()\-.:<>?@\[\]^`|~]+|[$*+/])""",
    re.VERBOSE,
)


class BadError(Exception):
    pass


def unescape(text):
    out, at = "", 0
    for found in re.finditer(r"\\(.|\n)", text):
        out += text[at : found.start()] + ("" if found[1] == "\n" else found[1])
        at = found.end()
    return out + text[at:]


def pieces_of(found):
    """[(is a variable, text)]"""
    if found["dq"] is not None:
        out, at = [], 0
        for var in re.finditer(r"\\(?:.|\n)|\$\{([^\n\"{}]*)\}|\$([A-Za-z_]\w*)", found["dq"]):
            if var[0].startswith("\\"):
                continue
            out += [(False, unescape(found["dq"][at : var.start()])), (True, var[1] or var[2])]
            at = var.end()
        return [*out, (False, unescape(found["dq"][at:]))]
    if found["sq"] is not None:
        return [(False, unescape(found["sq"]))]
    if found["braced"] or found["var"]:
        return [(True, found["braced"] or found["var"])]
    return [(False, found["esc"] or found["bare"])]


def tokens(text, file):
    at, joined = 0, None
    while at < len(text):
        found = TOKEN.match(text, at)
        line = text.count("\n", 0, at) + 1
        if not found:
            raise BadError(f"{file} line {line}: syntax error near {text[at : at + 1]!r}")
        at = found.end()
        if found["skip"] is not None or found["op"]:
            if joined:
                yield joined, line
            joined = None
            if found["op"]:
                yield found["op"], line
        else:
            joined = (joined or []) + pieces_of(found)
    if joined:
        yield joined, 0


def plain(pieces):
    return "".join(text for _, text in pieces)


def parse(file, old, jails):
    try:
        with open(file, newline="", errors="surrogateescape") as opened:
            text = opened.read()
    except OSError as wrong:
        raise BadError(f"{file}: {wrong.strerror}") from None
    stream = list(tokens(text, file))
    stack, pending = [("*", False)], []

    def end(line):
        if not pending:
            return
        if isinstance(pending[0], str):
            raise BadError(f"{file} line {line}: syntax error near {pending[0]!r}")
        name = pending[0]
        rest = pending[1:]
        op = rest.pop(0) if rest and isinstance(rest[0], str) else ""
        values = [each for each in rest if not isinstance(each, str)]
        if op not in ("", "=", "+=") or (op and not values) or len(values) + max(len(values) - 1, 0) != len(rest):
            raise BadError(f"{file} line {line}: syntax error")
        if plain(name) == ".include":
            if old:
                jails.append(("*", [(plain(name), "", values, False)]))
                return
            for value in values:
                pattern = os.path.join(os.path.dirname(file), plain(value))
                matched = sorted(glob.glob(pattern)) or ([] if glob.has_magic(pattern) else [pattern])
                for each in matched:
                    parse(each, old, jails)
            return
        is_var = name[0][0]
        if stack[-1][0] == "*" and len(stack) == 1:
            jails.append(("*", [(plain(name), op, values, is_var)]))
        else:
            stack[-1][1].append((plain(name), op, values, is_var))

    for token, line in stream:
        if token == "{":
            if len(pending) != 1 or isinstance(pending[0], str):
                raise BadError(f"{file} line {line}: syntax error")
            name = plain(pending.pop())
            name = f"{stack[-1][0]}.{name}" if len(stack) > 1 else name
            params = []
            jails.append((name, params))
            stack.append((name, params))
        elif token == "}":
            if pending or len(stack) == 1:
                raise BadError(f"{file} line {line}: syntax error near '}}'")
            stack.pop()
        elif token == ";":
            end(line)
            pending.clear()
        else:
            pending.append(token)
    if pending or len(stack) > 1:
        raise BadError(f"{file} line {text.count(chr(10)) + 1}: syntax error")


def wild(name):
    return "*" in name


def resolve(name, jails, index):
    params, variables = {"name": [[(False, name)]]}, {}
    for other, (pattern, given) in enumerate(jails):
        if other != index and not (wild(pattern) and fnmatch.fnmatchcase(name, pattern)):
            continue
        for key, op, values, is_var in given:
            if key.startswith("."):
                raise BadError(f"{name}: unknown parameter: {key}")
            target = variables if is_var else params
            target[key] = target.get(key, []) + values if op == "+=" else list(values)

    def expand(pieces, depth=0):
        if depth > 9:
            raise BadError(f"{name}: recursive variable")
        out = ""
        for is_var, text in pieces:
            if not is_var:
                out += text
                continue
            source = variables.get(text) or params.get(text)
            if source is None:
                print(f'jail: {name}: variable "{text}" not found', file=sys.stderr)
                continue
            out += expand(source[0], depth + 1)
        return out

    return {key: [expand(value) for value in values] for key, values in params.items()}


def quoted(text):
    quote = '"' if not text or "'" in text else "'" if '"' in text else '"' if " " in text or "\t" in text else ""
    body = "".join("\\" + char if char == "\\" or char == quote else char for char in text)
    return quote + body + quote


def main(args):
    old = args[:1] == ["-13"]
    args = args[old:]
    if len(args) != 4 or args[0] != "-f" or args[2] != "-e":
        print("usage: jail [-dhilqv] ...", file=sys.stderr)
        return 1
    jails = []
    try:
        parse(args[1], old, jails)
        shown = [resolve(name, jails, index) for index, (name, _) in enumerate(jails) if not wild(name)]
    except BadError as wrong:
        print(f"jail: {wrong}", file=sys.stderr)
        return 1
    for params in shown:
        words = [key + ("=" + ",".join(map(quoted, values)) if values else "") for key, values in params.items()]
        sys.stdout.write(args[3].join(words) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
