# duecourse: make install | run | test | check | bench | docs | screenshots | clean        (also: format, lock, wheel)
#
# Needs make and a Python of 3.11 or newer. Everything else comes into .venv and assets/node_modules, and stays there.
# A step is repeated only when what it is made from has changed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
VENDOR := src/duecourse/doors/static/vendor
CATALOGUES := $(patsubst %.po,%.mo,$(shell find src -name '*.po' 2>/dev/null))
BENCHMARKS := $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py))
PYTHONS := $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14 python

.PHONY: help install install-dev run test check format bench docs screenshots lock wheel clean

help:
	@sed -n '1s/^# //p' Makefile

install: .venv/.project $(VENDOR)/NOTICE.txt $(CATALOGUES)

install-dev: install .venv/.dev

run: install
	$(BIN)/duecourse demo

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install-dev
	$(BIN)/pytest -n 2 --durations=10 $(PYTEST_ARGS)

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install-dev
	@for file in $(BENCHMARKS); do echo "── $$file"; $(BIN)/python "$$file"; done

docs: build/docs-venv/.made
	build/docs-venv/bin/sphinx-build --quiet --fail-on-warning -b html docs build/docs
	@echo "open build/docs/index.html"

screenshots: install-dev
	$(BIN)/python docs/tour/screenshots.py

wheel: install
	$(BIN)/hatchling build -t wheel

clean:
	@if [ -x $(BIN)/duecourse ]; then $(BIN)/duecourse db remove --yes >/dev/null 2>&1 || true; fi
	rm -rf .venv .duecourse build dist assets/node_modules $(VENDOR) test-results
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
	find src -name '*.mo' -delete

# ── how it comes about ───────────────────────────────────────────────────────────────────────────

.venv/.uv: requirements/uv.txt
	@for python in $(PYTHONS); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	    echo "duecourse needs Python 3.11 or newer, and none of these is: $(strip $(PYTHONS))."; \
	    echo "Install one (on Debian 12: apt-get install python3 python3-venv) or name it: make install PYTHON=/path/to/python3"; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$found cannot make virtual environments. On Debian: apt-get install python3-venv"; exit 1; \
	fi; \
	echo "making .venv with $$("$$found" --version)"; "$$found" -m venv --clear .venv
	@$(BIN)/pip install -qq --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.run: requirements/run.txt requirements/sync.sh .venv/.uv
	@echo "installing what duecourse runs on"; sh requirements/sync.sh $<
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.project
	@echo "installing what its tests and linters need"; sh requirements/sync.sh $<
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/.project: pyproject.toml .venv/.run
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --no-index --editable .
	@touch $@

build/docs-venv/.made: requirements/docs.txt .venv/.uv
	@mkdir -p build && $(BIN)/python -m venv --clear build/docs-venv && sh requirements/sync.sh $< build/docs-venv
	@touch $@

$(VENDOR)/NOTICE.txt: assets/package.json assets/package-lock.json assets/vendor.py .venv/.run
	@if command -v npm >/dev/null && npm --version >/dev/null 2>&1; then npm=npm; \
	else echo "no Node here: bringing one into .venv"; \
	    $(BIN)/pip install -qq --require-hashes -r requirements/node.txt; export PATH="$(CURDIR)/$(BIN):$$PATH"; npm=$(BIN)/npm; fi; \
	$$npm ci --prefix assets --loglevel=error
	@$(BIN)/python assets/vendor.py

%.mo: %.po .venv/.run
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# ── pins: versions and digests, no addresses ─────────────────────────────────────────────────────

PIN := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

lock: install
	$(PIN) requirements/uv.in -o requirements/uv.txt
	$(PIN) requirements/node.in -o requirements/node.txt
	$(PIN) requirements/docs.in -o requirements/docs.txt
	$(PIN) pyproject.toml requirements/build.in -o requirements/run.txt
	$(PIN) pyproject.toml requirements/build.in requirements/dev.in -c requirements/run.txt -o requirements/dev.txt
	npm install --prefix assets --package-lock-only --loglevel=error
	$(BIN)/python assets/vendor.py --strip-lock
