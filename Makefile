# Commands of tmall-nb. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Two processes whose linear algebra or trees take every core wait for each other: seconds become minutes.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
.PHONY: help setup demo test check format lint types imports notebooks nbval lab lock renew bench bench-truth contract clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): requirements.lock pyproject.toml tools/setup_env.sh
	@PYTHON=$(PYTHON) bash tools/setup_env.sh $(VENV)
	@touch $(STAMP)

setup: $(STAMP) ## create .venv with the locked packages (safe to repeat)

demo: setup ## make the demo shop, run every notebook, export HTML in Chinese
	@$(BIN)/tmall-nb demo --folder data/demo --outputs outputs --language zh

data/demo/qingmu/truth.json: $(STAMP) $(wildcard tmall_nb/demo/*.py)
	@$(BIN)/tmall-nb demo --folder data/demo --files-only

test: setup data/demo/qingmu/truth.json ## the whole test suite, nbval on the notebooks included
	@$(BIN)/python -m pytest
	@$(BIN)/python -m pytest --nbval-lax --nbval-current-env notebooks

check: setup format lint types imports test ## format, lint, types, import contracts, tests, notebook contract, nbval

format: setup ## are files and notebooks formatted?
	@$(BIN)/ruff format --check .

lint: setup ## ruff, also on notebooks
	@$(BIN)/ruff check .

types: setup ## mypy on the package
	@$(BIN)/mypy

imports: setup ## layers and forbidden imports
	@$(BIN)/lint-imports --no-logo

nbval: setup data/demo/qingmu/truth.json ## run the notebooks on the demo shop and compare the stored outputs
	@$(BIN)/python -m pytest --nbval-lax --nbval-current-env notebooks

lab: setup ## open JupyterLab on notebooks/
	@$(BIN)/jupyter lab notebooks

lock: ## resolve requirements.lock anew (needs uv)
	@uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url -q -o requirements.lock

renew: setup data/demo/qingmu/truth.json ## run the notebooks on the demo shop and store the outputs nbval compares
	@$(BIN)/python tools/renew_outputs.py notebooks/*.ipynb

bench: setup ## list the benchmarks and how to run each
	@grep -hE '^Run: ' bench/*.py

bench-truth: setup ## bias, error and coverage of every analysis against the demo's truth
	@$(BIN)/python bench/truth.py

contract: setup ## the public contract, where the folder with its checks is present
	@if [ -d ../shared/contract ]; then $(BIN)/python -m pytest -p no:cacheprovider ../shared/contract; else echo "no ../shared/contract here: skipped"; fi

clean: ## remove what can be rebuilt (outputs, parsed tables, demo files)
	@rm -rf outputs/*/ outputs/index.html data/demo data/raw/.parsed .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
