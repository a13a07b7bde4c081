#!/bin/sh
#
# bastille plugin jailpf status JAIL
#
# Says whether JAIL asks for something that is not declared, then what `jailpf status JAIL` says. 1: a difference.

set -eu
# shellcheck source=/dev/null
. "${0%/*}/jailpf.subr"

if [ $# -ne 1 ]; then
    echo "usage: bastille plugin jailpf status JAIL" >&2
    exit 64
fi

must_be_root
set_jail "$1"
make_work
pending=0
read_request 2> "$WORK/why" || pending=$?
if [ "$pending" -eq 0 ] && same; then
    echo "request: applied"
elif [ "$pending" -eq 0 ]; then
    echo "request: not applied; 'bastille plugin jailpf apply $JAIL' shows it"
    pending=1
elif [ "$pending" -eq 66 ]; then
    echo "request: none"
    pending=0
else
    echo "request: unusable"
    show "$WORK/why"
    pending=1
fi
if [ ! -f "$DECLARATION" ]; then
    echo "declared: nothing"
    exit "$pending"
fi
status=0
"$JAILPF" status "$JAIL" || status=$?
[ "$status" -ne 0 ] || status=$pending
exit "$status"
