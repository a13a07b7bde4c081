#!/bin/sh
#
# bastille plugin jailpf remove [-y] JAIL
#
# Takes back what apply did: hooks, rules and declaration. The request inside the jail stays; it publishes nothing.

set -eu
# shellcheck source=/dev/null
. "${0%/*}/jailpf.subr"

usage() {
    echo "usage: bastille plugin jailpf remove [-y] JAIL" >&2
    exit 64
}

asked=""
while getopts y flag; do
    case "$flag" in
        y) asked=yes ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage

must_be_root
set_jail "$1"
[ -f "$DECLARATION" ] || fail 66 "nothing is declared for $JAIL: $DECLARATION does not exist"
if [ -z "$asked" ]; then
    show "$DECLARATION"
    consent "Remove this declaration, the hooks and the rules of $JAIL?"
fi

# Hooks first: a restart in between would load again. Each step is tried, and the declaration stays if one failed.
status=0
"$JAILPF" detach "$JAIL" || status=$?
unloaded=0
"$JAILPF" unload "$JAIL" || unloaded=$?
# 66: nothing was loaded
if [ "$unloaded" -ne 0 ] && [ "$unloaded" -ne 66 ]; then
    status=$unloaded
fi
[ "$status" -eq 0 ] || fail "$status" "$DECLARATION was left in its place; try again"
/bin/rm -f "$DECLARATION"
echo "Nothing of $JAIL is published any more."
