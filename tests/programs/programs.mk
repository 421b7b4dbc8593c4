# The test programs: $(OUT)/programs/NAME, NAME-static, and with musl-gcc NAME-musl and
# NAME-musl-static. `make programs` builds all of them.
PROGRAM_SRCS := $(wildcard tests/programs/*.c)
PROGRAM_NAMES := $(PROGRAM_SRCS:tests/programs/%.c=%)
PROGRAM_DIR := $(OUT)/programs
PROGRAM_CFLAGS := -std=gnu11 -O1 -g1 -Wall -Wextra -Werror -D_GNU_SOURCE
# Before glibc 2.34 they are libraries of their own.
PROGRAM_LIBS := -lpthread -lanl -lresolv
MUSL_CC := $(shell command -v musl-gcc)
GO := $(firstword $(shell command -v go) $(wildcard /usr/local/go/bin/go))
RUSTC := $(shell command -v rustc)

PROGRAMS := $(PROGRAM_NAMES:%=$(PROGRAM_DIR)/%) $(PROGRAM_NAMES:%=$(PROGRAM_DIR)/%-static) \
  $(if $(MUSL_CC),$(PROGRAM_NAMES:%=$(PROGRAM_DIR)/%-musl) \
    $(PROGRAM_NAMES:%=$(PROGRAM_DIR)/%-musl-static)) $(PROGRAM_DIR)/count_allocations.so \
  $(if $(GO),$(addprefix $(PROGRAM_DIR)/go_dial,-static -cgo -plugin -plugin.so)) \
  $(if $(RUSTC),$(PROGRAM_DIR)/rust_dial $(PROGRAM_DIR)/rust_dial-static)

.PHONY: programs
programs: $(PROGRAMS)

$(PROGRAM_DIR)/%: tests/programs/%.c tests/programs/program.h
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(CC) $(PROGRAM_CFLAGS) $< -o $@ $(PROGRAM_LIBS)

# The linker warns that a static getaddrinfo wants the same glibc at run time; that is the point.
$(PROGRAM_DIR)/%-static: tests/programs/%.c tests/programs/program.h
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(CC) $(PROGRAM_CFLAGS) -static $< -o $@ $(PROGRAM_LIBS) -Wl,--no-warnings 2>/dev/null || \
	  $(CC) $(PROGRAM_CFLAGS) -static $< -o $@ $(PROGRAM_LIBS)

$(PROGRAM_DIR)/%-musl: tests/programs/%.c tests/programs/program.h
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(MUSL_CC) $(PROGRAM_CFLAGS) $< -o $@ -lpthread

$(PROGRAM_DIR)/%-musl-static: tests/programs/%.c tests/programs/program.h
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(MUSL_CC) $(PROGRAM_CFLAGS) -static $< -o $@ -lpthread

# Preloaded into programs beside the library.
$(PROGRAM_DIR)/%.so: tests/programs/preloads/%.c
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(CC) $(PROGRAM_CFLAGS) -shared -fPIC $< -o $@

# Nothing of Go's is compiled beforehand, so the cache is kept with the rest of what is built.
GO_BUILD = GOCACHE=$(abspath $(OUT))/go-cache GOENV=off GOFLAGS= GOTOOLCHAIN=local CC='$(CC)' $(GO) build -o $@

$(PROGRAM_DIR)/go_dial-static: tests/programs/go/dial.go tests/programs/go/main.go
	@mkdir -p $(@D)
	$(call step,GO)
	$(Q)CGO_ENABLED=0 $(GO_BUILD) $^

$(PROGRAM_DIR)/go_dial-cgo: tests/programs/go/dial.go tests/programs/go/main.go
	@mkdir -p $(@D)
	$(call step,GO)
	$(Q)CGO_ENABLED=1 $(GO_BUILD) $^

$(PROGRAM_DIR)/go_dial-plugin: tests/programs/go/plugin_host.go
	@mkdir -p $(@D)
	$(call step,GO)
	$(Q)CGO_ENABLED=1 $(GO_BUILD) $^

$(PROGRAM_DIR)/go_dial-plugin.so: tests/programs/go/plugin.go
	@mkdir -p $(@D)
	$(call step,GO)
	$(Q)CGO_ENABLED=1 $(GO_BUILD) -buildmode=plugin $^

$(PROGRAM_DIR)/rust_dial: tests/programs/rust_dial.rs
	@mkdir -p $(@D)
	$(call step,RUSTC)
	$(Q)$(RUSTC) --edition 2021 -O $< -o $@

$(PROGRAM_DIR)/rust_dial-static: tests/programs/rust_dial.rs
	@mkdir -p $(@D)
	$(call step,RUSTC)
	$(Q)$(RUSTC) --edition 2021 -O -C target-feature=+crt-static $< -o $@
