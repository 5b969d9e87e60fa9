# Every target sets up what it needs first; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := core
MAKEFLAGS += --no-print-directory

EDITION ?= master
VENV := .venv
BIN := $(VENV)/bin
RM := $(BIN)/release-manager

.PHONY: help core setup test check format bench bench-peers lighthouse lock clean \
        v7-build v7-test v7-release ffi_test byok_test demo serve

help: ## This list
	@grep -hE '^[a-zA-Z0-9_-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
	  awk -F'\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

core: setup ## The C core library; EDITION=master|education|business|developer
	$(MAKE) -C native/core EDITION=$(EDITION)

setup: $(VENV)/.ready ## Everything this machine needs; nothing to do when nothing changed

$(VENV)/.ready: requirements.lock pyproject.toml fixtures/sdks/package-lock.json fixtures/lighthouse/package-lock.json native/webui/package-lock.json .ci/setup
	@bash .ci/setup
	@touch $@

demo: setup ## Convergio in a browser, with simulated providers; Ctrl-C leaves nothing behind
	$(BIN)/python -m fixtures.demo

serve: setup ## Convergio for real: build the gateway and its web UI, start them, print the link
	cd native/webui && npx --no-install vite build --logLevel=warn
	cd native/gateway && cargo build --release --locked
	native/gateway/target/release/convergio-gateway serve

v7-release: setup ## Verify everything afresh, as for a release; the verdict is the exit code
	$(RM) verify --profile release

v7-build: setup ## Build all components from source
	$(RM) verify --tag build

v7-test: setup ## Run all tests of the system
	$(RM) verify --tag test

ffi_test: setup ## The C and Rust boundary, from both sides
	$(RM) verify --tag ffi

byok_test: setup ## Bring-your-own-key: wizard, encryption, rotation, providers, no key in plaintext
	$(RM) verify v7-3

test: setup ## The tests of the release manager and of the measurements
	$(BIN)/pytest -q -n auto suites/harness suites/bench

check: setup ## Format, lint, types, import rules, clippy, drift of schemas, versions and faults
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd native/python/src && $(CURDIR)/$(BIN)/mypy --strict -p convergio
	$(BIN)/pytest -q suites/harness/test_imports.py
	$(RM) schema --check
	$(RM) versions check
	$(RM) prove --dry-run
	cargo fmt --check --manifest-path native/gateway/Cargo.toml --all
	cd native/gateway && cargo clippy --locked --all-targets -- -D warnings
	@bash .ci/check-webui

format: setup ## Rewrite sources in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cargo fmt --manifest-path native/gateway/Cargo.toml --all

bench: setup ## Costs as ratios to peers, measured in one run; needs some minutes
	$(BIN)/python -m suites.bench

bench-peers: setup ## The gateway beside LiteLLM and Portkey, which it installs; some minutes more
	$(BIN)/python -m suites.bench --only gateway --peers

lighthouse: setup ## Lighthouse over report pages: accessibility must be 100; a minute or two
	$(BIN)/python -m suites.bench.lighthouse

lock: ## Pin every Python dependency again, with digests
	python3 -m venv $(VENV)/lock
	$(VENV)/lock/bin/pip -q install uv
	$(VENV)/lock/bin/uv pip compile pyproject.toml --extra dev --generate-hashes --universal \
	  --python-version 3.11 --no-emit-index-url --no-header -q -o requirements.lock

clean: ## Remove what builds made; runs under reports/ stay
	rm -rf native/core/build native/gateway/target .release-manager
