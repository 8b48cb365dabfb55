PYTHON ?= python3
PORT ?= 8000
AUDIO ?=
export PORT

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
RUN := .venv/bin/python

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | awk -F '\t' '{ printf "make %-8s %s\n", $$1, $$2 }'

.PHONY: python
python:
	@command -v '$(PYTHON)' >/dev/null || { \
		echo 'setup: Python 3.11 or newer is needed: $(PYTHON) is not installed.' >&2; exit 1; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "setup: Python 3.11 or newer is needed: this is $$('$(PYTHON)' --version 2>&1). Another one: make PYTHON=python3.11 …" >&2; exit 1; }

.PHONY: setup
setup: python ## Install what is pinned, build the page; quick when nothing changed
	@'$(PYTHON)' deploy/build/setup.py

.PHONY: setup-dev
setup-dev: python
	@'$(PYTHON)' deploy/build/setup.py --dev

.PHONY: run
run: setup ## Start the console on http://127.0.0.1:PORT/console/ (PORT=8000)
	@exec $(RUN) manage.py up --port "$$PORT"

.PHONY: login
login: setup ## Print another one-use login link
	@exec $(RUN) manage.py login_link

.PHONY: example
example: setup ## Run the speech example (AUDIO=file for another recording)
	@exec '$(PYTHON)' examples/speech/run.py $(if $(AUDIO),'$(AUDIO)')

.PHONY: example-realtime
example-realtime: setup ## Run two realtime workers and sessions with real audio (AUDIO=file, STAY=seconds)
	@exec '$(PYTHON)' examples/realtime/run.py $(if $(STAY),--stay $(STAY)) $(if $(AUDIO),'$(AUDIO)')

.PHONY: check
check: setup-dev ## Lint, types, layers, migrations, API file, lockfiles
	@exec $(RUN) deploy/build/check.py

.PHONY: test
test: setup-dev ## Every test: SQLite, PostgreSQL and Redis, the page, a browser
	@exec $(RUN) deploy/build/test.py

.PHONY: soak
soak: setup-dev ## The fault suite at its long sizes, recorded in docs/reliability.md
	@exec $(RUN) -m tests.fault all --soak --record

.PHONY: bench
bench: setup-dev ## Measure this machine
	@exec $(RUN) -m tests.services -- $(RUN) -m benchmarks

.PHONY: lock
lock: setup-dev ## Compile requirements*.in anew
	@exec $(RUN) deploy/build/lock.py

.PHONY: clean
clean: ## Remove what setup made; the data in var/ stays
	rm -rf .venv build frontend/node_modules frontend/dist frontend/coverage
