#!/bin/sh
#
# bastille plugin jailpf apply [-n] [-y] JAIL
#
# Shows what JAIL asks for, checks it, asks for consent, and makes it the jail's declaration: a file of root's outside
# the jail. Then attaches the hooks and loads the rules. -n stops before the consent; -y does not ask.

set -eu
# shellcheck source=/dev/null
. "${0%/*}/jailpf.subr"

usage() {
    echo "usage: bastille plugin jailpf apply [-n] [-y] JAIL" >&2
    exit 64
}

preview=""
asked=""
while getopts ny flag; do
    case "$flag" in
        n) preview=yes ;;
        y) asked=yes ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage

must_be_root
set_jail "$1"
make_work
read_request
show_request
check_request

if [ -n "$preview" ]; then
    exit 0
fi
if [ -z "$asked" ]; then
    consent "Publish this for $JAIL?"
fi

had=""
if [ -f "$DECLARATION" ]; then
    had=yes
    /bin/cp -p "$DECLARATION" "$WORK/before.toml"
fi

undo() {
    if [ -n "$had" ]; then
        install_file "$WORK/before.toml"
    else
        "$JAILPF" detach "$JAIL" || true
        /bin/rm -f "$DECLARATION"
    fi
    fail "$1" "$2 failed; the declaration is what it was before"
}

if ! same; then
    install_file "$WORK/request.toml"
fi
"$JAILPF" attach "$JAIL" || undo $? "jailpf attach $JAIL"
if running; then
    "$JAILPF" load "$JAIL" || undo $? "jailpf load $JAIL"
    echo "$JAIL is published as shown."
else
    echo "$JAIL does not run; its rules are loaded when it starts."
fi
