# On a fresh machine with Python and make: `make demo` shows it, `make test` checks it.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ROUNDS ?= 5

.PHONY: help demo test lint types audit chromium unit fuzz screenshots requirements clean

help:  ## what there is to make
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.base: requirements/base.txt requirements/assets.txt pyproject.toml | $(BIN)/python
	@echo "installing into $(VENV) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/assets.txt \
	  || echo "the script for changes in place could not be installed: whole pages come instead"
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	@echo "installing the tools for development ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

demo: $(VENV)/.base  ## the whole way on a simulated district
	@$(BIN)/gongxu demo

lint: $(VENV)/.dev  ## style, layers
	@$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(VENV)/.dev  ## mypy strict
	@$(BIN)/mypy

# One thread of linear algebra a process: there is a process for every processor already.
unit: $(VENV)/.dev  ## the tests alone, one process a processor
	@export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
	$(BIN)/pytest -n auto --dist worksteal --durations=10

fuzz: $(VENV)/.dev  ## property tests with random examples, ROUNDS=5 times
	@for round in $$(seq $(ROUNDS)); do
	  $(BIN)/pytest -m hypothesis --hypothesis-profile=random -n auto --dist worksteal
	done

audit: $(VENV)/.dev  ## known vulnerabilities of the pinned packages
	@$(BIN)/python requirements/audit.py

# Where it may not be installed, the browser tests are skipped and say so.
chromium:  ## Debian's Chromium, for the browser tests
	@command -v chromium > /dev/null && exit 0
	[ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null || { echo "no Chromium: browser tests are skipped"; exit 0; }
	{ apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium > /dev/null; } \
	  || echo "Chromium could not be installed: browser tests are skipped"

test: lint types audit chromium unit  ## every check

bench-%: $(VENV)/.dev  ## one benchmark: import, simulate, suggestions, demand, plans, serving, faults, pages
	@$(BIN)/python -m benchmarks.$*

screenshots: $(VENV)/.dev  ## pictures of the pages, under var/pictures and docs/pictures
	@$(BIN)/python -m benchmarks.pages screenshots

requirements: $(VENV)/.dev  ## compile the pinned requirements again
	@for set in base dev; do
	  $(BIN)/uv pip compile pyproject.toml --group build $$([ $$set = dev ] && echo "--group dev --extra otel -c requirements/base.txt") \
	    --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-annotate --no-header --quiet -o requirements/$$set.txt
	done

clean:  ## remove the environment and caches (never var/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
