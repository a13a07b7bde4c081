"""From text to rules: pf.conf(5) as parse.y of FreeBSD reads it.

From below: lexing (tokens), words (what needs nothing but tokens and the host), queueing (ALTQ), the context of one reading, clauses (parts of
a rule), expansion (into the rules that pf keeps), statements, and parse. Not here: what a rule is and how it prints (rules), and what it does to a
packet (kernel).
"""

from __future__ import annotations
