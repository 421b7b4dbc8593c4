# Included by the top Makefile.
## bench      gochain's speed beside the alternatives; BENCH=quick: a smoke, BENCH='hop1 storm': these,
##            BENCH='rounds=3 far': fewer rounds; BENCH=docs: all, and docs/benchmarks.md
BENCH ?=
BENCH_DIR := $(OUT)/bench
BENCH_TOOLS := $(patsubst tests/bench/tools/%.c,$(BENCH_DIR)/%,$(wildcard tests/bench/tools/*.c)) \
  $(BENCH_DIR)/deny $(BENCH_DIR)/fetch-static $(BENCH_DIR)/hold-static
BENCH_CFLAGS := -std=gnu11 -O2 -g1 -Wall -Wextra -Werror -D_GNU_SOURCE

$(BENCH_DIR)/%: tests/bench/tools/%.c
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(CC) $(BENCH_CFLAGS) $< -o $@

# As a static event loop is distributed: with musl.
$(BENCH_DIR)/%-static: tests/bench/tools/%.c
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)musl-gcc $(BENCH_CFLAGS) -static $< -o $@

$(addprefix $(BENCH_DIR)/,fetch hold fetch-static hold-static): tests/bench/tools/event_loop.h
$(addprefix $(BENCH_DIR)/,connects execs spawn): tests/bench/tools/stopwatch.h

$(BENCH_DIR)/deny: tests/integration/tools/deny.c
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(CC) -O1 -w -D_GNU_SOURCE $< -o $@

.PHONY: bench
bench: $(LAUNCHER) $(LIBRARY) $(BENCH_TOOLS)
	@GOCHAIN_BUILD=$(OUT) scripts/run-bench $(BENCH)

# Counted, not timed: what one connect costs in each door.
## profile    round trips, system calls and allocations of one connect; PROFILE=quick: a smoke,
##            PROFILE=docs: docs/performance.md
PROFILE ?=
PROFILE_TOOLS := $(addprefix $(PROGRAM_DIR)/,repeat repeat-musl-static count_allocations.so) \
  $(BENCH_DIR)/connects-go

$(BENCH_DIR)/connects-go: tests/bench/tools/connects.go
	@mkdir -p $(@D)
	$(call step,GO)
	$(Q)PATH=$$(scripts/find-go):$$PATH CGO_ENABLED=0 go build -o $@ $<

.PHONY: profile
profile: $(LAUNCHER) $(LIBRARY) $(BENCH_TOOLS) $(PROFILE_TOOLS)
	@GOCHAIN_BUILD=$(OUT) scripts/run-bench profile $(PROFILE)

# What lists of a million names cost: lookups in one process by a tool of its own, launches by gochain.
## bench-rules  lists of a million names and 100,000 networks; BENCH=quick: a smoke
LIST_BENCH_SRCS := $(wildcard tests/bench/rules/*.cc)
$(BENCH_DIR)/list-bench: $(LIST_BENCH_SRCS:tests/bench/rules/%.cc=$(BENCH_DIR)/rules/%.o) $(CORE_LIB)
	$(call step,LINK)
	$(Q)$(CXX) -o $@ $^ -linih

$(BENCH_DIR)/rules/%.o: tests/bench/rules/%.cc
	@mkdir -p $(@D)
	$(call step,CXX)
	$(Q)$(CXX) $(CPPFLAGS) $(TEST_CXXFLAGS) -c $< -o $@

.PHONY: bench-rules
bench-rules: $(LAUNCHER) $(LIBRARY) $(BENCH_TOOLS) $(BENCH_DIR)/list-bench
	@GOCHAIN_BUILD=$(OUT) scripts/run-bench rules $(BENCH)
