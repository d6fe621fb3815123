# SPDX-License-Identifier: Apache-2.0
# `make` builds everything on a bare Debian machine; `make test` proves it. See docs/development.md.
SHELL := /bin/sh
.DEFAULT_GOAL := build
MAKEFLAGS += --no-print-directory
node := scripts/node
stamp := node_modules/.secure-deps

.PHONY: all setup deps build native ts sanitize fuzz mutations lint types test bench run format relink-kit clean

all: build

build: native ts

# System packages. Fast when nothing is missing.
setup:
	@scripts/setup

deps: setup $(stamp)

# Only when the lockfile changed; no package runs code of its own during installation.
$(stamp): package-lock.json package.json .npmrc scripts/deps
	scripts/deps
	@touch $@

native: deps
	@scripts/native release secure-runtime secure-extract secure-probe secure_node

sanitize: deps
	@scripts/native sanitize

ts: deps
	@$(node) scripts/bundle.ts

types: deps
	$(node) node_modules/typescript/bin/tsc -p .

lint: deps
	@$(node) scripts/lint/main.ts

format: deps
	@scripts/biome check --write

test: deps
	@scripts/setup --tests
	@$(node) scripts/test.ts

# FUZZ_SECONDS: the budget of each target.
fuzz: deps
	@scripts/setup --tests
	@scripts/native sanitize
	@$(node) scripts/fuzz.ts $(or $(FUZZ_SECONDS),60)

# Each line that closes a way out is weakened once, and a test must fail: docs/escapes.md.
mutations: build
	@scripts/setup --tests
	@$(node) scripts/mutations.ts

bench: build
	@scripts/setup --peers
	@$(node) benchmarks/run.ts

run: build
	@$(node) scripts/demo/main.ts

# What a recipient needs to link secure-runtime again with another libc (LGPL-2.1, section 6).
relink-kit: native
	@scripts/relink-kit

clean:
	rm -rf build dist
