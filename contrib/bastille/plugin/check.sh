#!/bin/sh
#
# bastille plugin jailpf check JAIL
#
# Shows and checks what JAIL asks for, and changes nothing. Without a request: checks what is declared.

set -eu
# shellcheck source=/dev/null
. "${0%/*}/jailpf.subr"

if [ $# -ne 1 ]; then
    echo "usage: bastille plugin jailpf check JAIL" >&2
    exit 64
fi

must_be_root
set_jail "$1"
make_work
status=0
read_request || status=$?
case "$status" in
    0)  show_request
        check_request ;;
    66) "$JAILPF" check "$JAIL" ;;
    *)  exit "$status" ;;
esac
