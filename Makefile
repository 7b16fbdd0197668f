# pumpsim: every target makes .venv first if it must. `make help` lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
WORKERS ?= auto
ARGS ?=
BIN := .venv/bin
READY := .venv/.ready
PYTEST := $(BIN)/python -m pytest

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test slow bench check lint format-check types imports docs-check docs format lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## run the whole chain once; leaves pumpsim-demo/report.html
	@$(BIN)/pumpsim demo $(ARGS)

test: $(READY) ## run the tests (ARGS="-k name" passes options on)
	@$(PYTEST) -q -n $(WORKERS) --maxprocesses=8 $(ARGS)

slow: $(READY) ## run the tests that take more than ten seconds each
	@$(PYTEST) -q -n $(WORKERS) --maxprocesses=8 -m slow $(ARGS)

bench: $(READY) ## measure speed, one process, nothing beside it
	@$(PYTEST) -q tests/bench -m bench -n0 --benchmark-enable -p no:randomly $(ARGS)

check: lint format-check types imports docs-check ## style, types, import directions, generated pages

lint: $(READY)
	@$(BIN)/ruff check --quiet --output-format concise .

format-check: $(READY)
	@$(BIN)/ruff format --quiet --check . || { echo "Some files are not formatted: run 'make format'."; exit 1; }

types: $(READY)
	@$(BIN)/mypy --no-error-summary

imports: $(READY)
	@$(BIN)/lint-imports --no-logo --no-cache >.venv/imports.log 2>&1 || { cat .venv/imports.log; exit 1; }

docs-check: $(READY)
	@$(BIN)/python docs/generate.py --check

docs: $(READY) ## write the generated pages under docs/
	@$(BIN)/python docs/generate.py

format: $(READY) ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

lock: $(READY) ## write constraints.txt anew from pyproject.toml
	@$(BIN)/python -m pip install -qq uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --upgrade --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links pyproject.toml -o constraints.txt

clean: ## remove what builds and runs leave behind (.venv stays)
	@rm -rf build dist pumpsim-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache .grimp_cache
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@echo "Making .venv with $(PYTHON) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "pumpsim needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
