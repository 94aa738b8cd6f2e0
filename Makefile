# Two commands from a bare clone: `make demo` and `make test`. Everything goes into .venv; nothing else is touched.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
TAG := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
PINS := $(wildcard constraints/constraints-$(TAG).txt)
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(if $(PINS),-c $(PINS))
INPUTS := pyproject.toml $(PINS)
export PYTHONUTF8 := 1

.PHONY: demo test check docs browser format bench clean

demo: $(VENV)/core
	rm -rf build/demo
	for name in zone-medians zone-texture; do \
	  $(BIN)/cxrbench evaluate submissions/$$name/submission.py --track brixia-severity/phantom/test \
	    --fresh --out build/demo/$$name/results || exit; done
	$(BIN)/cxrbench leaderboard build --results build/demo --results submissions --out site

# One thread per worker: with a worker per core, threads that wait for one another cost more than they bring.
test: check docs browser
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/pytest -n auto

# JavaScript libraries of the browser tests.
browser:
	@command -v npm >/dev/null || { echo "no npm: the browser tests are skipped (in CI they fail)" >&2; exit 0; }; \
	test -e tests/site/node_modules/.package-lock.json -a tests/site/node_modules/.package-lock.json -nt tests/site/package.json || \
	  npm install --prefix tests/site --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error || \
	  echo "npm could not install: the browser tests are skipped (in CI they fail)" >&2

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell $(shell git ls-files '*.py' '*.md' '*.j2' '*.html' '*.js' '*.css' '*.toml' '*.yml' datasets.yaml Makefile)
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

# The documentation, strictly: a broken reference or docstring is an error.
docs: $(VENV)/dev
	$(BIN)/sphinx-build -q -W --keep-going -j auto -b html docs build/docs
	@echo "open build/docs/index.html in a browser"

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev
	$(BIN)/pytest tests/perf --benchmark-only -m 'not gpu'

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit("cxrbench needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

# What is installed, as a file: the core alone, or all that the tests need (which holds the core).
$(VENV)/core: $(BIN)/uv $(INPUTS)
	test -e $(VENV)/dev || $(INSTALL) -e .
	@touch $@

$(VENV)/dev: $(BIN)/uv $(INPUTS)
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/core

clean:
	rm -rf $(VENV) build site .mypy_cache .pytest_cache .ruff_cache

# Real data: `make results DATA=DIR` makes the committed results of what needs no training again.
DATA ?= $(CXRBENCH_DATA)

.PHONY: results cpu-baselines gpu-baselines
results: $(VENV)/dev
	BIN=$(BIN) submissions/make-results $(DATA)

# The trained systems of the papers, in the order of their worth; what is finished is kept, the same command goes on.
cpu-baselines gpu-baselines: $(VENV)/dev
	BIN=$(BIN) OMP_WAIT_POLICY=passive baselines/make-baselines $(@:-baselines=) $(DATA)

# Synthetic data, no folder needed: the thresholds are searched and the result made in some minutes.
.PHONY: hu-thresholding
hu-thresholding: $(VENV)/dev
	$(BIN)/python submissions/hu-thresholding/train.py
	$(BIN)/cxrbench evaluate submissions/hu-thresholding/submission.py --track ct-triage/phantom-ct/test --fresh
