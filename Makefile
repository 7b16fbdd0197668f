# pumpsim: every target makes .venv first if it must. `make help` lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
WORKERS ?= auto
ARGS ?=
BIN := .venv/bin
PEERS := .venv-peers
READY := .venv/.ready
PYTEST := $(BIN)/python -m pytest
OUTCOMES := build/requirements.json
PROFILES := itp-40 itp-40-next legacy-18
EVIDENCE = $(wildcard $(PROFILES:%=build/verify/%/evidence.json))

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help tools demo site pictures test slow requirements judge flips fuzz kills verify mutants mutants-all validation bench bench-peers bench-classroom classroom check lint format-check types imports docs-check docs format lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tools: ## install what the tests of exports run: tshark, a C compiler, Node.js, the Kaitai compiler
	@.ci/tools

demo: $(READY) ## run the whole chain once; leaves pumpsim-demo/report.html
	@$(BIN)/pumpsim demo $(ARGS)

test: $(READY) ## run the tests (ARGS="-k name" passes options on)
	@$(PYTEST) -q -n $(WORKERS) --maxprocesses=8 $(ARGS)

slow: $(READY) ## run the tests that take more than ten seconds each
	@$(PYTEST) -q -n $(WORKERS) --maxprocesses=8 -m slow $(ARGS)

requirements: $(READY) ## run the tests that show a requirement, print which rows are met, deviate, are waived or open (ARGS="--brief", "--json")
	@rm -f $(OUTCOMES); mkdir -p build; code=0; \
	$(PYTEST) -q -n $(WORKERS) --maxprocesses=8 -m "pump_requirement and not slow and not bench" --requirements-out=$(OUTCOMES) \
	  >build/requirements.log 2>&1 || { code=$$?; cat build/requirements.log >&2; }; \
	$(MAKE) verify ARGS= || code=1; \
	$(BIN)/python -m hil.requirements $(OUTCOMES) $(EVIDENCE) $(ARGS) && exit $$code

verify: $(READY) ## run the shipped suite against a pump of each profile; leaves evidence below build/verify
	@mkdir -p build/verify; code=0; for profile in $(PROFILES); do \
	  $(BIN)/pumpsim verify pumpsim://$$profile --report build/verify/$$profile $(ARGS) \
	    >build/verify/$$profile.txt 2>build/verify/$$profile.log || { code=1; cat build/verify/$$profile.log; }; \
	  tail -n 4 build/verify/$$profile.txt; done; exit $$code

judge: $(READY) ## print the same from the last `make test ARGS="--requirements-out=$(OUTCOMES)"`
	@$(BIN)/python -m hil.requirements $(OUTCOMES) $(EVIDENCE) $(ARGS)

flips: $(READY) ## flip 100,000 single bits of a pump in use, the same number in each region; leaves build/bit-flips.json
	@mkdir -p build && $(BIN)/python -m tests.support.flip_campaign $(or $(ARGS),100000) build/bit-flips.json

fuzz: $(READY) ## send a million bent streams to each end of the wire, then decode every 1- and 2-bit error (ARGS="--seed 2")
	@$(BIN)/python -m hil.fuzz --end pump --streams 1000000 $(ARGS) && $(BIN)/python -m hil.fuzz --end host --streams 1000000 $(ARGS) \
	  && $(BIN)/python -m hil.fuzz --end server --streams 50000 $(ARGS) && $(PYTEST) -q -n $(WORKERS) -m "slow or not slow" tests/fuzz/test_bit_errors.py

kills: $(READY) ## kill -9 server, programmer or bench 200 times at random moments (ARGS="50 3": how many, seed)
	@$(BIN)/python -m tests.kills.campaign $(or $(ARGS),200)

mutants: $(READY) ## run the shipped suite on pumps with one defect each, the tests that name what it negates (ARGS="--mutant NAME")
	@mkdir -p build && $(BIN)/pumpsim mutants run --targeted -o build/mutants.json $(ARGS) -- pytest -q hil/suite

mutants-all: $(READY) ## the same with every test of the suite
	@mkdir -p build && $(BIN)/pumpsim mutants run -o build/mutants-all.json $(ARGS) -- pytest -q hil/suite

validation: $(READY) ## renew the results on docs/reference/tool-validation.md (minutes)
	@$(BIN)/python -m tests.support.tool_validation $(ARGS) && $(MAKE) docs

bench: $(READY) ## measure speed, one process, nothing beside it
	@$(PYTEST) -q tests/bench -m bench -n0 --benchmark-enable -p no:randomly $(ARGS)

bench-peers: $(PEERS)/.ready ## measure beside simpy, lewis, tickit, sinstruments and pymodbus; writes docs/explanation/measurements.json
	@$(PEERS)/bin/python -m tests.bench.peers && $(BIN)/python -m docs.generate

bench-classroom: $(READY) ## how late pages are with 1 and with 20 learners at x1000, nothing beside it (ARGS="--minutes 30": does memory stay)
	@$(BIN)/python -m tests.bench.classroom $(ARGS)

classroom: $(READY) ## hold a whole class in a real browser, every view looked at; leaves pictures in build/browser
	@$(PYTEST) -q -n0 -m slow tests/browser/test_class.py $(ARGS)

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
	@$(BIN)/python -m docs.generate --check

docs: $(READY) ## write the generated pages under docs/
	@$(BIN)/python -m docs.generate

site: $(READY) ## build the documentation as a site, build/site/index.html
	@rm -rf build/site && $(BIN)/sphinx-build -b html -W --keep-going -n -q -j auto docs build/site && echo build/site/index.html

pictures: $(READY) ## renew pictures in docs/images: the trainer's pages, the report of the demo, the trumpet
	@$(BIN)/python -m tests.browser.pictures

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
	@echo "Making .venv with $(PYTHON) (about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "pumpsim needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(PEERS)/.ready: pyproject.toml constraints.txt $(READY)
	@echo "Making $(PEERS) ..."
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install -qq --disable-pip-version-check -e '.[peers]'
	@touch $@
