# GNU make and FreeBSD's make alike. `make demo` and `make test` need Python 3.11+ and a package registry, nothing else.

PYTHON?=	python3
VENV?=		.venv
BIN=		$(VENV)/bin

all: test

# The environment is made anew when pyproject.toml changes.
$(VENV)/made: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $(VENV)/made

demo: $(VENV)/made
	@sh examples/demo.sh $(BIN)/jailpf

test: $(VENV)/made
	@sh tests/run.sh $(BIN)

bench: $(VENV)/made
	$(BIN)/python bench/bench.py

format: $(VENV)/made
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist site .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: all demo test bench format clean
