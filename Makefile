# GNU make and FreeBSD's make alike. `make demo` and `make test` need Python 3.11+ and a package registry, nothing else; on
# FreeBSD `make test` also Python's sqlite3 (py311-sqlite3).

# The newest of these that is 3.11 or later; `make PYTHON=/path/to/python demo` takes another.
PYTHON!=	for p in python3 python3.14 python3.13 python3.12 python3.11; do \
		$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done; :
VENV?=		.venv
BIN=		$(VENV)/bin

all: test

$(VENV)/bin/pip:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: pkg install python3 py311-pip" >&2; exit 69; }
	$(PYTHON) -m venv $(VENV)

# Each environment is made anew when pyproject.toml changes.
$(VENV)/for-demo: pyproject.toml $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $(VENV)/for-demo

$(VENV)/for-test: pyproject.toml $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $(VENV)/for-test $(VENV)/for-demo

demo: $(VENV)/for-demo
	@sh examples/demo.sh $(BIN)/jailpf

test: $(VENV)/for-test
	@sh tests/run.sh $(BIN)

# The long fuzz, crash and race runs: before an issue is closed, not at every change.
exam: $(VENV)/for-test
	$(BIN)/python -m pytest -q -n 2 -p no:cacheprovider -m exam

bench: $(VENV)/for-test
	$(BIN)/python bench/bench.py

# The HTML site, in site/. Not needed for anything else.
$(VENV)/for-docs: pyproject.toml $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $(VENV)/for-docs

docs: $(VENV)/for-docs
	$(BIN)/python -m mkdocs build --quiet --strict --config-file docs/mkdocs.yml

format: $(VENV)/for-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist site .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: all demo test exam bench docs format clean
