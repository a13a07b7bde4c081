"""The operating system as jailpf uses it: files that can be trusted, programs by absolute path, and the running jails.

Here belong: opening files safely, running programs without a shell and in bounded time. Not here: pfctl's words (pf) and what is kept
between runs (state).
"""
