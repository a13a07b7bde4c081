#!/bin/sh
#
# pfrule.sh: Mail Toaster's command line with jailpf behind it.
#
#   pfrule.sh load|unload [jail] [-n]
#
# Put this file where the old pfrule.sh is; the hook lines of jail.conf stay as they are. `load` stands in
# exec.created and `unload` in exec.poststop, so they are `jailpf created` (0 for a jail that declares nothing, as
# an empty rule directory always was) and `jailpf poststop` (from the record alone, always 0). With -n they are
# `jailpf load -n` and `jailpf unload -n`.
#
# The rules are jailpf's declarations. A missing rule directory still is an error, because a mistyped name must
# not pass, but nothing in one is read or run: the jail can write there. `jailpf import pfrule DIR` reads it once.

set -eu
PATH=/sbin:/bin:/usr/sbin:/usr/bin
LC_ALL=C
export PATH LC_ALL

# The only place to change these: the environment is not asked.
JAILPF=/usr/local/bin/jailpf
JAILS=/usr/local/etc/jailpf/jails

usage() {
    echo "   usage: $0 [ load | unload ] [jail] [-n]"
    echo " "
    echo "   jail   name of the jail whose rules to manage."
    echo "          Omit when pfrule.sh lives in <data>/<jail>/etc/pf.conf.d."
    echo "   -n     preview, say what would be done and change nothing"
    echo " "
    exit 1
} >&2

complain() {
    echo "$0: $1" >&2
}

case "${1:-}" in
    load|unload) operation=$1; shift ;;
    *) usage ;;
esac

name=""
preview=""
for argument in "$@"; do
    case "$argument" in
        -n) preview=-n ;;
        -*) usage ;;
        *)  if [ -n "$name" ]; then usage; fi
            name=$argument ;;
    esac
done

self=$(/usr/bin/readlink -f -- "$0")
self_dir=${self%/*}
own=""
case "$self_dir" in
    */*/etc/pf.conf.d) own=${self_dir%/etc/pf.conf.d}; own=${own##*/} ;;
esac
if [ -n "$own" ]; then
    complain "warning: the jail can rewrite this file; let the hook lines call a copy that only root can write"
fi

if [ -z "$name" ]; then
    name=$own
fi
case "$name" in
    "") complain "cannot determine the jail name, pass it as an argument"; exit 1 ;;
    .|..|-*|*[!A-Za-z0-9_.-]*) complain "invalid jail name '$name'"; exit 1 ;;
esac

# Which directory counts is pfrule.sh's own order; a declaration of jailpf stands for one, so that the old ones
# can go. A jail's own copy answers to that jail alone.
missing=""
if [ -n "${PFRULE_ETC:-}" ]; then
    if [ ! -d "$PFRULE_ETC" ]; then
        missing="PFRULE_ETC is not a directory: $PFRULE_ETC"
    fi
elif [ "$name" != "$own" ] && [ ! -d "${MT6_ETC:-$self_dir}/$name/pf.conf.d" ]; then
    if [ -n "$own" ] || [ ! -f "$JAILS/$name.toml" ]; then
        missing="no rule directory for jail '$name'"
    fi
fi

# What is loaded must go even when its directory went first; only a jail's own copy has no say over others.
if [ -n "$missing" ]; then
    if [ "$operation" = unload ] && [ -z "$preview" ] && [ -z "$own" ]; then
        "$JAILPF" poststop "$name" || true
    fi
    complain "$missing"
    exit 1
fi

if [ -z "$preview" ]; then
    case "$operation" in
        load) exec "$JAILPF" created "$name" ;;
        unload) exec "$JAILPF" poststop "$name" ;;
    esac
fi

# 66: nothing is declared, or nothing is loaded. That is an answer to a preview, not a failure.
status=0
"$JAILPF" "$operation" -n "$name" || status=$?
if [ "$status" -eq 66 ]; then
    status=0
fi
exit "$status"
