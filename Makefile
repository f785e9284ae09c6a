# Everything here sets itself up: Python 3.11+ and make are enough. `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-package l1-walk-contracts

.DEFAULT_GOAL := help
.PHONY: help setup demo test chaos lint format bench bench-quick bench-against lock clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## .venv with the command walk, from the hashed lock
	@echo "$(BIN)/walk is ready."

$(READY): requirements/dev.lock pyproject.toml contracts/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "This needs Python 3.11 or newer; $(PYTHON) is older, or not there." \
			"Give another one: make PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) (once, about half a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		-e ./contracts -e .
	@touch $@

demo: $(READY) ## the whole thing in a minute: a stack of its own, real traffic, a checked summary
	@$(BIN)/walk demo $(ARGS)

test: $(READY) ## all tests; ARGS='tests/unit -k word' for some
	@$(BIN)/pytest $(ARGS)

MINUTES ?= 30
chaos: $(READY) ## everything broken on purpose, for MINUTES=30; SEED=7 and ONLY='kill-9 poison' play again
	@$(BIN)/python -m tests.fault --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY)) $(ARGS)

lint: $(READY) ## style, types, the direction of imports, what is installed against what is declared
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pip check

format: $(READY) ## put the code into form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY) ## this worker beside three others, on real Kafka and PostgreSQL: bench/results.json
	@$(BIN)/python -m bench $(ARGS)

bench-against: $(READY) ## this worker beside itself at an earlier commit: REV=HEAD~5
	@$(BIN)/python -m bench.revisions $(REV) $(ARGS)

bench-quick: $(READY) ## the same in under a minute, for a first impression
	@$(BIN)/python -m bench --quick $(ARGS)

lock: $(READY) ## resolve the dependencies anew: requirements/*.lock
	$(COMPILE) --group build -o requirements/build.lock
	$(COMPILE) pyproject.toml contracts/pyproject.toml -o requirements/runtime.lock
	$(COMPILE) pyproject.toml contracts/pyproject.toml --extra embedded --group dev \
		-c requirements/runtime.lock -o requirements/dev.lock

clean: ## remove what was made here
	rm -rf $(VENV) dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
