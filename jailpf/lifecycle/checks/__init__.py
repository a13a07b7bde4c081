"""What speaks against a declaration before it is loaded: others that have what it claims, the host, pf and its main ruleset.

They look and tell; what becomes of it is the verbs' business, one floor above.
"""
