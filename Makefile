# make demo and make test need make, git and some Python >= 3.12; everything else they install into .venv.
.DEFAULT_GOAL := help
.PHONY: help demo demo-reset demo-stop test check docs browser bench faults lock clean
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

PORT ?= 8000
ONCE ?=
ARGS ?=
SECONDS ?= 600
SEED ?= 0
IN_DEMO = GATEKEEPER_DEMO=1 .venv/bin/python manage.py demo

help: ## show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## run the whole system and the main job, then keep the site until Ctrl-C (ONCE=1: end after the main job)
	@.ci/venv requirements-demo.txt
	@$(IN_DEMO) --port $(PORT) $(if $(ONCE),--once)

demo-reset: ## forget the demonstration's data and begin anew (ONCE=1 as above)
	@.ci/venv requirements-demo.txt
	@$(IN_DEMO) --reset --port $(PORT) $(if $(ONCE),--once)

demo-stop: ## stop a demonstration that runs in another terminal
	@.ci/venv requirements-demo.txt
	@$(IN_DEMO) --stop

test: ## run every test against PostgreSQL and Valkey, browser tests included (ARGS="tests/lots -x" for some, ARGS=changed)
	@.ci/venv requirements-dev.txt
	@.ci/test $(ARGS)

check: ## formatting, lint, types, import contracts, templates, migrations, generated docs
	@.ci/venv requirements-dev.txt
	@.ci/check

docs: ## write docs/reference and docs/requirements.md anew, from the code
	@.ci/venv requirements-dev.txt
	@.ci/generated

browser: ## find a Chromium for the browser tests, or install one
	@.ci/chromium --install

bench: ## measure against floors; prints ratios and writes .bench/latest.json
	@.ci/venv requirements-dev.txt
	@.venv/bin/python -m tests.bench $(ARGS)

faults: ## kill and flush everything while 10,000 samples/s arrive; ten minutes (SECONDS=60 SEED=7 for another run)
	@.ci/venv requirements-dev.txt
	@.venv/bin/python -m tests.faults.campaign --skids 10 --seconds $(SECONDS) --seed $(SEED) --long

lock: ## write requirements*.txt anew, with hashes and without addresses
	@.ci/lock

clean: ## remove everything that was made here: .venv, data of the demonstration, caches
	@if [ -x .venv/bin/python ] && [ -d .demo ]; then $(IN_DEMO) --stop >/dev/null 2>&1 || true; fi
	@rm -rf .venv .demo .bench .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache .coverage staticfiles
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
