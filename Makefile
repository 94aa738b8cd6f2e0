# Two commands from a bare clone: `make demo` and `make test`. Everything goes into .venv; nothing else is touched.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
TAG := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
PINS := $(wildcard constraints/constraints-$(TAG).txt)
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode $(if $(PINS),-c $(PINS))
INPUTS := pyproject.toml $(PINS)
export PYTHONUTF8 := 1

.PHONY: demo test check browser format bench clean

demo: $(VENV)/core
	rm -rf build/demo
	for one in zone-medians zone-texture; do \
	  $(BIN)/cxrbench evaluate submissions/$$one/submission.py --track brixia-severity/phantom/test \
	    --fresh --out build/demo/$$one/results || exit; done
	$(BIN)/cxrbench leaderboard build --results build/demo --results submissions --out site

test: check browser
	$(BIN)/pytest -n auto

# Libraries of the browser tests, which skip without them.
browser:
	@command -v npm >/dev/null || { echo "no npm: tests in the browser will skip" >&2; exit 0; }; \
	test -e tests/site/node_modules/.package-lock.json -a tests/site/node_modules/.package-lock.json -nt tests/site/package.json || \
	  npm install --prefix tests/site --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error || \
	  echo "npm could not install: tests in the browser will skip" >&2

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

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

# Real data: `make results DATA=DIR` makes the committed results again, `make resnet18 DATA=DIR` its weights first.
DATA ?= $(CXRBENCH_DATA)
TRACKS := brixia-severity/brixia-cohen/test brixia-severity/brixia-cohen/all
RATED := $(TRACKS) brixia-severity/brixia-cohen@published/test
NETWORKS := resnet18

.PHONY: results resnet18
results: $(VENV)/dev
	for one in zone-medians zone-texture $(NETWORKS); do \
	  $(BIN)/cxrbench evaluate submissions/$$one/submission.py $(TRACKS:%=--track %) --data $(DATA) --fresh || exit; done
	for track in $(RATED); do \
	  $(BIN)/cxrbench score --rater junior --track $$track --data $(DATA) --out submissions/radiologist-junior/results \
	    || exit; done

resnet18: $(VENV)/dev
	OMP_WAIT_POLICY=passive $(BIN)/python submissions/resnet18/train.py --data $(DATA)
	cd submissions/resnet18 && sha256sum weights.safetensors | tee weights.sha256
