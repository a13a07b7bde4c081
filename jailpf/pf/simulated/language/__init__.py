"""From text to rules: pf.conf(5) as parse.y of FreeBSD reads it.

Here belong: the lexer, the grammar, drafts of statements, macros, expansion into rules, and pfctl's complaints. Not here: what a rule is
and how it prints (rules), and what it does to a packet (kernel).
"""

from __future__ import annotations
