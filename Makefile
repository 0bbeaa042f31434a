# Airlock: set-up, demo, tests and checks. `make` lists the targets.
# `make PYTHON=python3.13 test` chooses the Python; `make test ARGS="-k hours"` passes arguments on.

.DEFAULT_GOAL := help
.PHONY: help install demo test bench chaos fmt check docs lock clean

PYTHON ?=
ARGS ?=
BIN := .venv/bin
SET_UP := python=$$(sh tools/find_python.sh "$(PYTHON)") && "$$python" tools/setup.py
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

install: ## set up .venv with the airlock command (the other targets do it themselves)
	@$(SET_UP) && $(BIN)/python tools/compile.py

demo: ## see it work: real Kafka, real alerts, in about a minute
	@$(SET_UP) && $(BIN)/python tools/compile.py --only-drop-stale && $(BIN)/airlock demo $(ARGS)

test: install ## run all tests
	@$(BIN)/python -m pytest $(ARGS)

bench: install ## measure throughput, latency and memory through a real broker (minutes)
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: install ## kill, freeze, starve and poison workers and broker, and audit what is left (long)
	@$(BIN)/python -m benchmarks.chaos $(ARGS)

fmt: install ## format the code and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: install ## lint, formatting, types and the borders between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install ## bring the tables of topics and settings up to date with the code
	@$(BIN)/python tools/reference.py

lock: install ## refresh the lock files
	$(COMPILE) --upgrade --group dev pyproject.toml -o locks/dev.txt
	$(COMPILE) --constraint locks/dev.txt pyproject.toml -o locks/runtime.txt
	$(COMPILE) --constraint locks/dev.txt --group build -o locks/build.txt

clean: ## remove .venv, caches and build results (not your data)
	rm -rf .venv build dist *.so */*.so */*/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
