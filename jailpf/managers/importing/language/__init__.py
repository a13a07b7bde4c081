"""pf.conf(5) as an import reads it: lines, words, rules and tables as data.

Not here: what becomes of a rule. The whole language, as pfctl reads it, is in jailpf/pf/simulated/language.
"""
