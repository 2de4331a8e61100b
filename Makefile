# `make paper` reproduces the paper, `make test` checks everything; each sets up what it needs first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Where `make paper` writes, and what is asked of it: `make paper PAPER=elsewhere ARGS="--runs 100 --seed 1"`.
PAPER := paper
ARGS :=

.PHONY: paper test tests check style types docs pictures dist benchmark clean help

help:
	@echo "make paper      reproduce the paper into $(PAPER)/ (its tables, figures and page)"
	@echo "make test       check the style and the types, and run the tests"
	@echo "make check      check the style and the types"
	@echo "make docs       build the documentation into docs/_build/"
	@echo "make pictures   make the README's picture of the playground anew"
	@echo "make dist       build a source distribution and a wheel into dist/, and try the wheel"
	@echo "make benchmark  time this project beside PyTorch and JAX (the README's table)"

paper: $(VENV)/ready-paper
	$(BIN)/longcount reproduce --out $(PAPER) $(ARGS)

# Types are checked beside the tests, while these wait for processes and for the browser.
test: style debian
	@$(MAKE) --no-print-directory --jobs=2 types tests

# A file's tests stay together, because they share what its fixtures make.
tests: $(VENV)/ready-test
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: style types

style: $(VENV)/ready-test
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/deno fmt --check --quiet
	$(BIN)/deno lint --quiet

types: $(VENV)/ready-test
	$(BIN)/pyright

docs: $(VENV)/ready-docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build
	@echo "docs/_build/index.html"

pictures: $(VENV)/ready-test
	$(BIN)/python docs/pictures.py

# The wheel is tried where nothing else is: in an environment of its own, outside the source tree.
dist: $(VENV)/ready-dist
	rm -rf dist
	$(BIN)/python -m build >/dev/null
	$(PYTHON) -m venv dist/trial
	dist/trial/bin/python -m pip --disable-pip-version-check --quiet install dist/*.whl
	cd dist/trial && env -u PYTHONPATH sh -e $(CURDIR)/tests/try_wheel.sh $(CURDIR)/src/longcount
	@ls -l dist/*.whl dist/*.tar.gz

benchmark: $(VENV)/ready-benchmarks
	$(BIN)/python benchmarks/compare.py --write README.md

clean:
	rm -rf $(VENV) docs/_build dist

# The extras that each command needs; the stamp makes repeating quick.
$(VENV)/ready-paper: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable .
	@touch $@

$(VENV)/ready-%: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable ".[$*]"
	@touch $@

# The tests of the page drive a real browser; those of other machines need a compiler for Arm and an emulator.
DEBIAN := chromium gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
.PHONY: debian
debian:
	@missing=; for program in chromium aarch64-linux-gnu-gcc qemu-aarch64-static; do \
	  command -v $$program >/dev/null || missing="$$missing $$program"; \
	done; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(DEBIAN) >/dev/null; \
	else \
	  echo "Not found:$$missing. All tests run with: sudo apt-get install $(DEBIAN)" >&2; \
	  command -v chromium >/dev/null || exit 2; \
	fi
