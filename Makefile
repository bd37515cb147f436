# Two commands matter: `make run` (the sample Hub into warehouse/sample) and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
LAKE_VENV ?= .venv-ducklake
WAREHOUSE ?= warehouse/sample
FOLDER ?= src/leaderboard_etl/sample/hub/datasets
FILES ?= 5000
# Half as many again as there are cores: tests of waits and of other processes leave a core idle.
PROCESSES ?= $(shell $(PYTHON) -c 'import os; print(min(4, (os.cpu_count() or 1) * 3 // 2))')
# Commands that tests start find this package compiled, also where the environment forbids to keep that.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-browser test-ducklake lint types docs clean bench

run: $(VENV)/.installed
	@$(BIN)/leaderboard-etl run --hub sample --warehouse $(WAREHOUSE)

# A file's tests share a world and run in order; files run side by side, the longest first.
test: $(VENV)/.tested
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

# What a reader sees in a real browser; chromium is Debian's (apt-get install chromium).
test-browser: $(VENV)/.tested
	@$(BIN)/python -m pytest -m browser

# On DuckDB 1.5.5, for which its extensions are packages: tables in a lake; nights, history, views and marts in a file.
test-ducklake: $(LAKE_VENV)/.tested
	@ls -d /usr/lib/postgresql/*/bin >/dev/null 2>&1 || echo "PostgreSQL is not installed: the tests of a lake with it are left out"
	@$(LAKE_VENV)/bin/python -m pytest -n $(PROCESSES) --dist loadgroup tests/test_lake.py tests/test_night.py \
		tests/test_history.py tests/test_views.py tests/test_marts.py tests/test_past.py tests/test_core_news.py

lint: $(VENV)/.tested
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.tested
	@$(BIN)/mypy

# How fast this is: beside its floor and, where OTHERS is the interpreter of an environment with dlt and pandas, beside these.
# FOLDER holds result files in the Hub's layout, of which copies are made.
bench: $(VENV)/.tested
	@$(BIN)/python -m bench.reading results $(FOLDER) --files $(FILES) --record bench/record.csv
	@test -z "$(OTHERS)" || $(BIN)/python -m bench.others $(FOLDER) --files $(FILES) --python $(OTHERS) --record bench/record.csv

# The pages that are made from policy, from the sources' descriptions and from the sample's answers; a test compares them.
docs: run
	@$(BIN)/leaderboard-etl sql -w $(WAREHOUSE) --list --format md > docs/cookbook.md
	@$(BIN)/leaderboard-etl policy index > docs/policy.md
	@$(BIN)/leaderboard-etl policy sources > docs/sources.md
	@$(BIN)/leaderboard-etl policy licenses > LICENSE-DATA.md

# An environment is made once and again whenever what it is made from changes.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (once; a minute or two)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[pictures]'
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(LAKE_VENV)/.tested: pyproject.toml constraints-ducklake.txt
	@test -x $(LAKE_VENV)/bin/python || $(PYTHON) -m venv $(LAKE_VENV)
	@echo "installing into $(LAKE_VENV) (once; a minute or two)"
	@$(LAKE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-ducklake.txt -e '.[dev,ducklake]'
	@touch $@

clean:
	rm -rf $(VENV) $(LAKE_VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
