# Everything that one does with this repository. Each target sets up what it
# needs; nothing is installed outside the repository but packages.

GO      ?= go
TOOLS   := .tools/bin
# One shared set of private servers for a command.
SERVERS := $(TOOLS)/testservers
# As the program is shipped; the checks use the same, to share what is compiled.
PURE    := CGO_ENABLED=0
# With the race detector, which does not watch what computes by itself and takes ten times as long under it: SQLite (C made
# Go, which locks its own memory), pictures and their compression, golang.org/x/text. Vet is
# the check's, and a binary without symbols is linked sooner.
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc modernc.org/memory golang.org/x/text/... image/... golang.org/x/image/... compress/...
RACE    := -race -vet=off -ldflags='-s -w' $(foreach pkg,$(UNWATCHED),-gcflags=$(pkg)=-race=false)
# Chaos: the seed of its dice (a number, or clock), its minutes under faults, a
# defect to be caught (see internal/systemtest), and where its logs stay.
CHAOS_SEED    ?= 1
CHAOS_MINUTES ?= 10
CHAOS_DEFECT  ?=
CHAOS_DIR     ?= $(CURDIR)/.tools/chaos
# Images of a burst, a tenth of them from failing hosts.
BURST_IMAGES ?= 20000
# Rows of the table of fairness (embedded/import, servers), images of the import
# beside others, which are the rows of its file, too, and of the one that is alone.
FAIR        ?=
FAIR_IMPORT ?= 100000
FAIR_ALONE  ?= 20000
# Rows of the import that is killed at random instants, each with two images.
IMPORT_ROWS ?= 100000
# How long each turn of the comparison with limits lasts, and how many there are.
BENCH_TURN   ?= 5s
BENCH_ROUNDS ?= 5
# A folder for profiles of the program, taken in a turn that does not count.
BENCH_PROFILE ?=
# Which growth is measured, with how many products of PostgreSQL at most, and for how long products are created and deleted.
GROWTH       ?= .
GROWTH_MOST  ?= 10000000
GROWTH_CHURN ?= 1h
# What Go benchmarks to run, how often (benchstat wants six or more), and where.
BENCH   ?= .
COUNT   ?= 6
PKG     ?= ./...
# How long each measurement of a cost lasts, five times over, and which are taken.
COST_TURN ?= 10s
COST      ?= .
# Requests that the public fuzzer makes up for each operation.
INTEROP_EXAMPLES ?= 100
# How many products one user has whose lists are measured.
FIND_PRODUCTS ?= 1000000
# How long each fuzz target runs.
FUZZ_TIME ?= 30s

# Packages of tests of the whole program, and what starts it and its servers for them.
WHOLE   := bench|burst|chaos|cost|e2e|fair|growth|interop|systemtest|testserver

.PHONY: help setup run build quick test chaos burst fair import interop alerts check fmt fuzz bench bench-growth microbench cost find clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## install all that is missing: libvips, the test servers, the Go tools
	@scripts/setup

run: ## build and serve everything in one process, data under ./data
	@scripts/setup run
	@$(MAKE) --no-print-directory build
	@exec bin/vitrine serve

build: ## bin/vitrine, one static program
	$(PURE) $(GO) build -buildvcs=auto -trimpath -ldflags='-s -w' -o bin/vitrine ./cmd/vitrine

# Four packages at once, as some tests wait for a clock and not for a core.
quick: ## the inner loop, no servers: go vet and the fast tests, under 30 seconds
	@$(PURE) $(GO) vet ./...
	@$(PURE) $(GO) test -short -p 4 -vet=off -ldflags='-s -w' $$($(GO) list ./... | grep -vE '/internal/($(WHOLE))$$')
	@echo "quick: skipped were tests that need a server or the whole program, or take seconds: make test runs them"

test: ## every test, on real servers, with the race detector
	@scripts/setup test
	@$(GO) build -o $(SERVERS) ./internal/testserver/run
	@CGO_ENABLED=1 VITRINE_TEST_REQUIRE=1 $(SERVERS) -- \
		$(TOOLS)/gotestsum --format pkgname --format-hide-empty-pkg -- $(RACE) -shuffle=on -timeout 45m $(PKG)

chaos: ## the promises under faults: CHAOS_SEED=1 CHAOS_MINUTES=10
	@scripts/setup test
	@VITRINE_TEST_REQUIRE=1 CHAOS_SEED=$(CHAOS_SEED) CHAOS_MINUTES=$(CHAOS_MINUTES) \
		CHAOS_DEFECT=$(CHAOS_DEFECT) CHAOS_DIR=$(CHAOS_DIR) \
		$(GO) test ./internal/chaos -run '^TestChaos$$' -count 1 -v -timeout 90m

burst: ## what failing hosts cost the others: BURST_IMAGES=20000
	@scripts/setup test
	@VITRINE_TEST_REQUIRE=1 BURST_IMAGES=$(BURST_IMAGES) \
		$(GO) test ./internal/burst -run '^TestBurst$$' -count 1 -v -timeout 150m

fair: ## others beside slow, heavy and many images: FAIR=embedded/import FAIR_IMPORT=100000 FAIR_ALONE=20000
	@scripts/setup test
	@VITRINE_TEST_REQUIRE=1 FAIR_IMPORT=$(FAIR_IMPORT) FAIR_ALONE=$(FAIR_ALONE) \
		$(GO) test ./internal/fair -run '^TestFair$$/$(FAIR)' -count 1 -v -timeout 6h

import: ## an import killed while it is received, checked, written and fetched, on both databases: IMPORT_ROWS=100000
	@scripts/setup test
	@$(GO) build -o $(SERVERS) ./internal/testserver/run
	@VITRINE_TEST_REQUIRE=1 IMPORT_ROWS=$(IMPORT_ROWS) $(SERVERS) -- \
		$(GO) test ./internal/e2e -run '^TestImportKilled$$' -count 1 -v -timeout 4h

interop: ## public tools of npm and PyPI: linters, a TypeScript client, a fuzzer, axe-core on the console: INTEROP_EXAMPLES=100
	@scripts/setup test interop
	@VITRINE_TEST_REQUIRE=1 VITRINE_INTEROP=1 INTEROP_EXAMPLES=$(INTEROP_EXAMPLES) \
		$(GO) test ./internal/interop -count 1 -v -timeout 60m
	@VITRINE_TEST_REQUIRE=1 VITRINE_INTEROP=1 \
		$(GO) test ./internal/e2e -run '^TestConsoleIsAccessible$$' -count 1 -v -timeout 30m

alerts: ## every alert of the rules fires once on the real servers, of what it is about: five minutes
	@scripts/setup test
	@VITRINE_TEST_REQUIRE=1 VITRINE_ALERTS=1 \
		$(GO) test ./internal/e2e -run '^TestAlerts$$' -count 1 -v -timeout 30m

check: ## words, format (gofumpt, imports), lint, vet, build, modules, the API's description and first form, known vulnerabilities
	@scripts/setup check
	scripts/words
	$(TOOLS)/golangci-lint fmt --diff
	$(PURE) $(TOOLS)/golangci-lint run
	$(PURE) $(GO) vet ./...
	@$(MAKE) --no-print-directory build
	$(GO) mod tidy -diff
	scripts/openapi
	@$(PURE) scripts/vulncheck

fmt: ## rewrite the files in the format that check wants
	@scripts/setup check
	$(TOOLS)/golangci-lint fmt

fuzz: ## every fuzz target in turn, each for FUZZ_TIME (30s)
	@FUZZ_TIME="$(FUZZ_TIME)" scripts/fuzz $(PKG)

bench: ## the program side by side with the limit of what it does, into docs/benchmarks.*: BENCH=regexp BENCH_TURN=5s BENCH_ROUNDS=5
	@scripts/setup test
	@$(GO) build -o $(SERVERS) ./internal/testserver/run
	@VITRINE_TEST_REQUIRE=1 BENCH_REPORT="$(CURDIR)/docs" BENCH_TURN=$(BENCH_TURN) BENCH_ROUNDS=$(BENCH_ROUNDS) BENCH_PROFILE="$(abspath $(BENCH_PROFILE))" $(SERVERS) -- \
		$(GO) test ./internal/bench -run "$(BENCH)" -count 1 -v -timeout 90m

bench-growth: ## the same operations with more products, after an hour of creates and deletes, with more processes, into docs/scaling.md: GROWTH=regexp GROWTH_MOST=10000000 GROWTH_CHURN=1h
	@scripts/setup test
	@$(GO) build -o $(SERVERS) ./internal/testserver/run
	@VITRINE_TEST_REQUIRE=1 GROWTH=1 GROWTH_REPORT="$(CURDIR)/docs/scaling.md" GROWTH_MOST=$(GROWTH_MOST) GROWTH_CHURN=$(GROWTH_CHURN) $(SERVERS) -- \
		$(GO) test ./internal/growth -run "$(GROWTH)" -count 1 -v -timeout 180m

microbench: ## Go benchmarks for benchstat: BENCH=regexp COUNT=6 PKG=./...
	@scripts/setup bench
	@$(GO) build -o $(SERVERS) ./internal/testserver/run
	@mkdir -p .tools/bench
	@VITRINE_TEST_REQUIRE=1 $(SERVERS) -- sh -c \
		'$(GO) test -run "^$$" -bench "$(BENCH)" -benchmem -count $(COUNT) $(PKG) >.tools/bench/new.txt; \
		code=$$?; cat .tools/bench/new.txt; exit $$code'
	@$(TOOLS)/benchstat .tools/bench/new.txt

cost: ## what writes, and open tabs of the console, cost the servers, with limits: COST_TURN=10s COST=regexp
	@scripts/setup test
	@$(GO) build -o $(SERVERS) ./internal/testserver/run
	@VITRINE_TEST_REQUIRE=1 COST_TURN=$(COST_TURN) $(SERVERS) -- \
		$(GO) test ./internal/cost -run "$(COST)" -count 1 -v -timeout 90m
	@VITRINE_TEST_REQUIRE=1 COST_TURN=$(COST_TURN) $(SERVERS) -- \
		$(GO) test ./internal/e2e -run '^TestConsoleAtRest$$' -count 1 -v -timeout 30m

find: ## lists of many products in every order, on both databases: FIND_PRODUCTS=1000000
	@scripts/setup test
	@$(GO) build -o $(SERVERS) ./internal/testserver/run
	@VITRINE_TEST_REQUIRE=1 FIND_PRODUCTS=$(FIND_PRODUCTS) $(SERVERS) -- \
		$(GO) test ./internal/sqlstore/catalogsql -run '^TestFindMany$$' -count 1 -v -timeout 60m

clean: ## remove what was built; the data stay
	rm -rf bin .tools
