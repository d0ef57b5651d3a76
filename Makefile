# `make demo` and `make test` do all of their own set-up into .venv and leave the system's Python alone.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.ready ## Try the bridge: a sandbox LMS, the bridge and a sandbox OttoLearn on this machine
	$(BIN)/ottobridge demo

demo-scale: $(VENV)/.ready-workers ## Try it on PostgreSQL: two that serve behind nginx, two workers, eight schools
	$(BIN)/python -m sandbox.demo_scale

test: $(VENV)/.ready-test ## Run the whole test suite
	@sh scripts/browser-parts
	@# The bytecode is kept even where the environment says not to: the tests start hundreds of processes.
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto --dist loadfile

lint: $(VENV)/.ready-test ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@sh scripts/audit $(VENV)

wheel: $(VENV)/bin/pip ## Build the wheel, with a bill of materials (CycloneDX) beside it, into dist/
	@sh scripts/wheel $(BIN)/python dist

format: $(VENV)/.ready-test ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what the other targets made
	rm -rf $(VENV) dist node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/pip:
	@sh scripts/venv $(PYTHON) $(VENV)

$(VENV)/.ready-workers: $(VENV)/bin/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[workers]'
	touch $@

$(VENV)/.ready: $(VENV)/bin/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.ready-test: $(VENV)/bin/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@ $(VENV)/.ready

.PHONY: help demo test lint wheel format clean
