# Needs python3 (3.11 or newer, with venv) and make. Everything else is installed into .venv from the lock files.
PYTHON ?= python3
VENV ?= .venv
OUT ?= runs/demo
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run install install-dev test test-deep test-model lint format bench lock wheel clean

help: ## Show the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.runtime ## Run the 6-home demonstration day and say where its report is
	@$(BIN)/gridpact negotiate --out $(OUT)
	@echo "Open the report: $(abspath $(OUT))/report.html"

install: $(VENV)/.runtime ## Create .venv and install gridpact with its locked dependencies

install-dev: $(VENV)/.dev ## The same with the tools for tests and checks

test: $(VENV)/.dev ## Run the tests (a sample of the randomised ones)
	@$(BIN)/python -m pytest

test-deep: $(VENV)/.dev ## Run the randomised tests at their full counts (long)
	@$(BIN)/python -m pytest -m deep

test-model: $(VENV)/.dev ## Run what needs the small local language model (docs/models.md says how to install it)
	@$(BIN)/python -m pytest -m model -n0 tests/model

lint: $(VENV)/.dev ## Ruff, mypy strict and the import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict src
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.bench ## Measure speed against peers (fails only on an answer that differs; many minutes)
	@set -e; for script in bench/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

lock: $(VENV)/.dev ## Rebuild the three lock files from pyproject.toml
	@set -e; \
	compile="$(BIN)/python -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options"; \
	$$compile --build-deps-for wheel --build-deps-for editable --output-file requirements.lock pyproject.toml; \
	$$compile --build-deps-for wheel --build-deps-for editable --extra dev --constraint requirements.lock \
	  --output-file requirements-dev.lock pyproject.toml; \
	$$compile --build-deps-for wheel --build-deps-for editable --extra dev --extra bench \
	  --constraint requirements-dev.lock --output-file requirements-bench.lock pyproject.toml

wheel: $(VENV)/.dev ## Build the wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

clean: ## Remove the environment, caches and runs/demo
	rm -rf $(VENV) $(VENV).lock $(OUT) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Stamps: an environment is installed again only when the lock file or pyproject.toml changes.
$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) tools/environment.py $(VENV) runtime

$(VENV)/.dev: requirements-dev.lock pyproject.toml
	@$(PYTHON) tools/environment.py $(VENV) dev

$(VENV)/.bench: requirements-bench.lock pyproject.toml
	@$(PYTHON) tools/environment.py $(VENV) bench
