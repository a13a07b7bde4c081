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
# not pass, but no rules in one are read, and nothing is run. `jailpf import pfrule DIR` reads it once. Its *.table
# files still count: editing one and `load` takes effect.

set -eu
PATH=/sbin:/bin:/usr/sbin:/usr/bin
LC_ALL=C
export PATH LC_ALL

# The only place to change these: the environment is not asked.
JAILPF=/usr/local/bin/jailpf-hook
JAILS=/usr/local/etc/jailpf/jails
PFCTL=/sbin/pfctl

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

# A table that a declaration keeps in a file beside it follows the edited one; a table of pf.conf gets the members of its
# file, as it always did. Never from a folder that a jail can write.
if [ "$operation" = load ] && [ -z "$preview" ] && [ -z "$own" ]; then
    for file in "${PFRULE_ETC:-${MT6_ETC:-$self_dir}/$name/pf.conf.d}"/*.table; do
        table=${file##*/}
        table=${table%.table}
        case "$table" in ""|-*|*[!A-Za-z0-9_.-]*) continue ;; esac
        if [ ! -f "$file" ] || [ -L "$file" ]; then
            continue
        elif [ -f "$JAILS/$table.table" ]; then
            if [ -n "$(/usr/bin/find "$file" -newer "$JAILS/$table.table")" ]; then
                /bin/cp -f "$file" "$JAILS/$table.table"
            fi
        elif "$PFCTL" -q -t "$table" -T show >/dev/null 2>&1; then
            "$PFCTL" -q -t "$table" -T replace -f "$file" || complain "the table <$table> keeps its members"
        fi
    done
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
