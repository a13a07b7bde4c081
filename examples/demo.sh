#!/bin/sh
# The life of the jail `dovecot` of the Mail Toaster page on the simulated pf. $1: the program jailpf.
set -eu
case $1 in /*) jailpf=$1 ;; *) jailpf=$PWD/$1 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
umask 022
work=$(mktemp -d /tmp/jailpf-demo.XXXXXX)
trap 'rm -rf "$work"' EXIT INT TERM
cp -R "$here/mail-toaster" "$work/etc"
chmod -R go-w "$work/etc"
cd "$work/etc"

run() {
	printf '\n$ jailpf %s\n' "$*"
	"$jailpf" -c "$work/etc/jailpf.toml" --run "$work/run" --pf simulated "$@"
}

say() { printf '\n--- %s\n' "$*"; }

say "What the jail offers (jails/dovecot.toml):"
sed -n '/^\[/,$p' jails/dovecot.toml
say "What pf.conf needs, once for all jails:"
run init
say "Is everything that is declared sound?"
run check
run list
say "jail(8) is about to start dovecot: exec.prepare, then exec.created"
run prestart dovecot
run created dovecot
say "The anchor that it became:"
run render dovecot
run status
say "Who gets in?"
run trace tcp from 198.51.100.7 to ext_ip4 port 993 || true
run trace tcp from 198.51.100.7 to ext_ip4 port 110 || true
run trace tcp from 192.0.2.10 to ext_ip4 port 110 || true
run reach dovecot
say "The jail has stopped: exec.poststop. Nothing is left."
run poststop dovecot
run status
