# Everything runs in .venv, made from any Python 3.10 or newer: `make train PYTHON=python3.12`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# A process of the tests that has nothing left takes over half of what another one has left.
CORES := -n logical --maxprocesses 4 --dist worksteal
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help train test test-without-fast pythons lint docs notebooks bench oracle mutants pictures reference clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

train: $(VENV)/.train ## train the MNIST network (about a minute); results in runs/mnist, then runs/mnist-2; options: ARGS="--epochs 1"
	$(BIN)/seegrad train $(ARGS)

test: $(VENV)/.dev $(VENV)/.docs ## run the tests, on up to 4 cores; some of them on one: ARGS="-n 0 tests/nn -k trainer"
	$(BIN)/python -m pytest $(CORES) $(ARGS)

test-without-fast: $(VENV)/.dev ## run the engine's tests without autograd/fast; every second of them: ARGS="--every 2"
	SEEGRAD_FAST=0 $(BIN)/python -m pytest tests/autograd $(CORES) $(ARGS)

pythons: $(VENV)/.dev ## try the wheel with every Python here, lowest and newest dependencies; without its share of tests: ARGS="--tests 0"
	$(BIN)/python tests/pythons.py $(ARGS)

lint: $(VENV)/.dev ## check style (ruff) and types (mypy)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# In this folder, which `pip install --editable` makes, the checkout is called seegrad, whatever its name is.
	cd .editable && $(abspath $(BIN))/mypy --config-file "$(CURDIR)/pyproject.toml" \
	    --cache-dir "$(CURDIR)/.mypy_cache" -m seegrad \
	    $(patsubst %.py,-m seegrad.%,$(filter-out __init__.py,$(wildcard *.py))) \
	    -p seegrad.autograd -p seegrad.nn -p seegrad.optim -p seegrad.data -p seegrad.serve -p seegrad.commands -p seegrad.common

docs: $(VENV)/.docs ## build the site into build/docs/html (about a minute)
	$(BIN)/python docs/make_site.py

notebooks: $(VENV)/.dev ## run every notebook from top to bottom, in place; some: ARGS="01_scalar_backprop"
	$(BIN)/python notebooks/execute.py $(ARGS)

bench: $(VENV)/.dev ## measure against other libraries (25 minutes); some of it: ARGS="general"; a try: QUICK=1
	set -e; for file in $(if $(ARGS),$(ARGS:%=benchmarks/bench_%.py),$(sort $(wildcard benchmarks/bench_*.py))); do \
	    echo "$$file"; $(BIN)/python "$$file"; done

oracle: $(VENV)/.dev ## compare with PyTorch itself, in an environment of its own (700 MB), instead of its recorded answers
	test -d $(VENV)/oracle || $(PYTHON) -m venv $(VENV)/oracle
	$(VENV)/oracle/bin/python -m pip install --quiet 'torch==2.13.0' numpy
	$(VENV)/oracle/bin/python tests/oracle/record.py --check

mutants: $(VENV)/.dev ## change 60 places of the source, one by one: do the tests notice? (an hour); others: ARGS="--seed 1 optim/sgd.py"
	test -d $(VENV)/mutants || $(PYTHON) -m venv $(VENV)/mutants
	$(VENV)/mutants/bin/python -m pip install --quiet 'cosmic-ray>=8.7,<9'
	$(VENV)/mutants/bin/python tests/mutants.py --python $(BIN)/python $(ARGS)

reference: $(VENV)/.dev ## write the table of operations, autograd/README.md, and docs/numpy_coverage.md
	$(BIN)/python -m seegrad.autograd.inspect.reference > autograd/README.md.new
	mv autograd/README.md.new autograd/README.md
	$(BIN)/python docs/numpy_coverage.py

pictures: $(VENV)/.dev ## make the README's pictures, light and dark (the animation needs Chromium and chromedriver)
	$(BIN)/python docs/pictures.py

clean: ## remove everything that make, Python and the tools have made, except runs/
	rm -rf $(VENV) .editable build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are older than pyproject.toml only if the requirements may have changed.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	    { echo "seegrad needs Python 3.10 or newer; name one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.train: pyproject.toml | $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable '.[plot,serve]'
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(VENV)/.train $@

$(VENV)/.docs: pyproject.toml | $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@
