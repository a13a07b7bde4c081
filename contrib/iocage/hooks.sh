#!/bin/sh
#
# hooks.sh show|set|unset [-n] [-d] JAIL
#
# Sets or unsets the iocage properties that call jailpf for JAIL, as `jailpf attach` and `jailpf detach` do. -n prints
# the commands instead. -d is for a jail that gets its address by DHCP or router advertisement (vnet): `created` is
# then called from exec_poststart, when the address is there.
#
# iocage keeps ONE command line in each exec_* property, and /usr/bin/true stands for none. Ours is chained with
# "&&": behind yours at the start, so that nothing is loaded if yours fails, and before yours at the stop, so that the
# rules go even if yours fails (`jailpf poststop` always ends 0).

set -eu
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
LC_ALL=C
export PATH LC_ALL

IOCAGE=/usr/local/bin/iocage
JAILPF=/usr/local/bin/jailpf-hook

usage() {
    echo "usage: $0 show|set|unset [-n] [-d] JAIL" >&2
    exit 64
}

fail() {
    echo "$0: $2" >&2
    exit "$1"
}

verb=${1:-}
case "$verb" in
    show|set|unset) shift ;;
    *) usage ;;
esac
preview=""
late=""
while getopts nd flag; do
    case "$flag" in
        n) preview=yes ;;
        d) late=yes ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage
jail=$1
case "$jail" in
    ''|.*|-*|*[!A-Za-z0-9_.-]*) fail 64 "invalid jail name '$jail'" ;;
esac

get() {
    "$IOCAGE" get "$1" "$jail" || fail 78 "iocage does not know the jail $jail"
}

# without VALUE OURS: the command line VALUE without OURS, wherever in the chain it stands
without() {
    chain=" && $1 && "
    while :; do
        case "$chain" in
            *" && $2 && "*) chain="${chain%%" && $2 && "*} && ${chain#*" && $2 && "}" ;;
            *) break ;;
        esac
    done
    chain=${chain# && }
    chain=${chain% && }
    case "$chain" in
        ''|' && '|none|/usr/bin/true) chain="" ;;
    esac
    printf '%s' "$chain"
}

# wanted PROPERTY OURS: what the property shall be
wanted() {
    value=$(get "$1")
    yours=$(without "$value" "$2")
    if [ "$verb" = unset ] || { [ "$1" = exec_created ] && [ -n "$late" ]; } ||
        { [ "$1" = exec_poststart ] && [ -z "$late" ]; }; then
        printf '%s' "${yours:-/usr/bin/true}"
    elif [ -z "$yours" ]; then
        printf '%s' "$2"
    elif [ "$1" = exec_poststop ]; then
        printf '%s' "$2 && $yours"
    else
        printf '%s' "$yours && $2"
    fi
}

change() {
    have=$(get "$1")
    want=$(wanted "$1" "$2")
    if [ "$have" = "$want" ]; then
        return
    elif [ -n "$preview" ]; then
        echo "$IOCAGE set $1=\"$want\" $jail"
    else
        "$IOCAGE" set "$1=$want" "$jail"
    fi
}

for property in exec_prestart exec_created exec_poststart exec_poststop; do
    if [ "$verb" = show ]; then
        value=$(get "$property")
        echo "$property=$value"
        continue
    fi
    hook=${property#exec_}
    if [ "$hook" = poststart ]; then
        hook=created
    fi
    change "$property" "$JAILPF $hook $jail"
done
