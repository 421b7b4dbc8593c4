# Included by the top Makefile.
## bench      gochain's speed against the alternatives; BENCH=quick: a smoke, BENCH='bulk start': these
BENCH ?=
BENCH_DIR := $(OUT)/bench
BENCH_TOOLS := $(patsubst tests/bench/tools/%.c,$(BENCH_DIR)/%,$(wildcard tests/bench/tools/*.c)) \
  $(BENCH_DIR)/deny
BENCH_CFLAGS := -std=gnu11 -O2 -g1 -Wall -Wextra -Werror -D_GNU_SOURCE

$(BENCH_DIR)/%: tests/bench/tools/%.c
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(CC) $(BENCH_CFLAGS) $< -o $@

$(BENCH_DIR)/deny: tests/integration/tools/deny.c
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(CC) -O1 -w -D_GNU_SOURCE $< -o $@

.PHONY: bench
bench: $(LAUNCHER) $(LIBRARY) $(BENCH_TOOLS)
	@GOCHAIN_BUILD=$(OUT) scripts/run-bench $(BENCH)
