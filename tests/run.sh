#!/bin/sh
# The whole suite: style, types, arrows between modules, tests with branch coverage. $1: the bin folder of the environment.
set -eu
bin=$1
cd "$(dirname "$0")/.."
umask 022
# FreeBSD keeps this part of Python in a package of its own; coverage and CBSD's tables need it.
"$bin/python" -c 'import sqlite3' 2>/dev/null || {
	"$bin/python" -c 'import sys; print("Python lacks sqlite3: pkg install py%d%d-sqlite3" % sys.version_info[:2])' >&2
	exit 69
}
if [ -x "$bin/ruff" ]; then
	"$bin/ruff" check --quiet .
	"$bin/ruff" format --quiet --check .
	"$bin/mypy"
	"$bin/lint-imports" >/dev/null || "$bin/lint-imports"
else
	echo "SKIPPED: ruff, mypy and import-linter have no wheels for this system"
fi
SOURCE=$(pwd)
export SOURCE
rm -f .coverage .coverage.*
"$bin/coverage" run -m pytest -q -n 2 -p no:cacheprovider
"$bin/coverage" combine --quiet
"$bin/coverage" report --fail-under=95
