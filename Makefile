# make demo: the whole path on real handwriting.  make test: lint, types, tests.  make docs: the site, in site/.
# make fonts: which fonts are here.
# All install what they need first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo docs fonts test lint types suite install clean

demo: install
	$(BIN)/synthda demo

docs: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	$(BIN)/python -m sphinx -W --keep-going -q docs site

fonts: install
	$(BIN)/synthda fonts

test: lint types suite

lint: install
	$(BIN)/ruff check synthda tests bench docs examples
	$(BIN)/ruff format --check synthda tests bench docs examples

types: install
	$(BIN)/mypy

suite: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
