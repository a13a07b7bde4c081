"""What jailpf keeps between commands, all of it in the run directory: the lock, records, compiled rulesets."""
