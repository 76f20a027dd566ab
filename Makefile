# `make` lists the targets. Each installs what it needs: .venv from requirements.txt, every file checked by hash.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Orders of the demo: SCALE=tiny|small|reference generates them, ORDERS=<file> takes real ones. SPOILT=1 mixes in
# an order of each sort of mistake. ONCE=1 ends by itself.
ifdef SCALE
export COMPANY_API_SCALE := $(SCALE)
endif
ifdef SPOILT
export COMPANY_API_SPOILT := $(SPOILT)
endif
ifdef ORDERS
export COMPANY_API_ORDERS := $(ORDERS)
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo up psql down test check-data test-browser test-conformance week lint format types dags-readme architecture lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from the lock

demo: $(READY) ## Send orders through the whole pipeline and show what came out (ONCE=1, SCALE=small, SPOILT=1, ORDERS=file)
	@$(BIN)/aisle demo $(if $(ONCE),--once)

up: $(READY) ## Start the stack and keep it running
	@$(BIN)/aisle up

psql: $(READY) ## Open the warehouse of the running stack
	@$(BIN)/aisle psql

down: $(READY) ## End the stack
	@$(BIN)/aisle down

test: $(READY) ## Run every test
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadscope

check-data: $(READY) ## Check the dbt project and the suites: style, rules, contracts, data tests, unit tests
	$(BIN)/sqlfluff lint --disable-progress-bar dbt/models dbt/tests
	$(BIN)/python -m tools.dbt_rules
	$(BIN)/pytest tests/contract/test_dbt_rules.py tests/integration/transform tests/integration/quality/test_suites_can_fail.py

test-browser: $(READY) ## Run the tests in a browser alone (test runs them, too); installs Debian's Chromium if there is none
	@command -v chromium >/dev/null || apt-get install --yes --no-install-recommends chromium
	$(BIN)/pytest -m browser

test-conformance: $(READY) ## Drive every operation of the engine through boto3 and the aws command line
	$(BIN)/pytest tests/conformance

week: $(READY) ## Live through a week of the pipeline, with an outage, a bad retrain and a backfill
	$(BIN)/pytest tests/integration/week -m week

lint: $(READY) ## Check style, types, layers, words, SQL and Dockerfiles
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry --config deptry.toml .
	$(BIN)/python -m tools.dead_code
	$(BIN)/python -m tools.language
	$(BIN)/sqlfluff lint --disable-progress-bar dbt/models dbt/tests
	$(BIN)/sqlfluff lint --disable-progress-bar --templater placeholder include/sql
	$(BIN)/hadolint Dockerfile services/Dockerfile

format: $(READY) ## Put Python and SQL into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --disable-progress-bar dbt/models dbt/tests
	$(BIN)/sqlfluff fix --disable-progress-bar --templater placeholder include/sql

dags-readme: $(READY) ## Write dags/README.md, the index of the DAGs
	$(BIN)/python -m tools.dag_index

architecture: $(READY) ## Draw the rooms of the code into docs/architecture.md
	$(BIN)/python -m tools.architecture

lock: $(READY) ## Write requirements.txt from requirements.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --custom-compile-command "make lock" requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
		--no-emit-index-url --custom-compile-command "make lock" -c requirements.txt \
		requirements-services.in -o requirements-services.txt

clean: ## Remove .venv and everything the stack wrote
	rm -rf $(VENV) .aisle

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Aisle needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; choose one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ { found = 1 } found { print } found && !/\\$$/ { exit }' requirements.txt > $(VENV)/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
	@echo 'Installing the packages of requirements.txt: a minute or more, without output'
	$(BIN)/uv pip sync --quiet --require-hashes --compile-bytecode --python $(BIN)/python requirements.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@
