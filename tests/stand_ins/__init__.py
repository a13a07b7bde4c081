"""Programs that answer as those of FreeBSD 15.1 do (freebsd/transcript-jail-15.txt), for tests on other systems."""
