# gochain: build, test, install. `make help` lists the targets.
# Objects go to $(BUILD)/$(VARIANT)/; a variant is release, asan, ubsan, tsan or aarch64.

VERSION := 0.1.0
BUILD ?= build
VARIANT ?= release
OUT := $(BUILD)/$(VARIANT)
PREFIX ?= /usr/local
DESTDIR ?=

CXX ?= g++
CC ?= gcc
# Another machine's compilers, behind $(CCACHE) where that is set, and what runs its programs here.
ifeq ($(VARIANT),aarch64)
override CXX := $(CCACHE) aarch64-linux-gnu-g++
override CC := $(CCACHE) aarch64-linux-gnu-gcc
EMULATOR := qemu-aarch64
endif
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror
CPPFLAGS += -Ilibhook -Ilauncher -DFMT_HEADER_ONLY -DGOCHAIN_VERSION='"$(VERSION)"' -D_GNU_SOURCE -MMD -MP
CXXFLAGS_COMMON := -std=c++20 $(WARNINGS) -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections
SAN_asan := -fsanitize=address -fno-omit-frame-pointer
# No vptr: the sources have no RTTI to check it by.
SAN_ubsan := -fsanitize=undefined -fno-sanitize=vptr -fno-sanitize-recover=all
SAN_tsan := -fsanitize=thread
SAN := $(SAN_$(VARIANT))
OPT := $(if $(SAN),-O1,-O2) -g1
# What runs inside strangers' processes: position independent, hidden, no libstdc++ instantiations.
LIB_CXXFLAGS := $(CXXFLAGS_COMMON) $(OPT) $(SAN) -fPIC -fvisibility=hidden -fvisibility-inlines-hidden \
  -D_GLIBCXX_EXTERN_TEMPLATE=0 -fno-threadsafe-statics
LAUNCHER_CXXFLAGS := $(CXXFLAGS_COMMON) $(OPT) $(SAN)
TEST_CXXFLAGS := -std=c++20 $(WARNINGS) $(OPT) $(SAN)

LAYERS := base program config rules names protocol chain engine
CORE_SRCS := $(foreach l,$(LAYERS),$(wildcard libhook/$(l)/*.cc))
HOOK_SRCS := $(wildcard libhook/loop/*.cc libhook/hooks/*.cc)
LAUNCHER_SRCS := $(shell find launcher -name '*.cc' 2>/dev/null)
UNIT_SRCS := $(shell find tests/unit -name '*_test.cc' 2>/dev/null)

CORE_OBJS := $(CORE_SRCS:%.cc=$(OUT)/%.o)
HOOK_OBJS := $(HOOK_SRCS:%.cc=$(OUT)/%.o)
LAUNCHER_OBJS := $(LAUNCHER_SRCS:%.cc=$(OUT)/%.o)
LAUNCHER_LIB_OBJS := $(filter-out $(OUT)/launcher/main.o,$(LAUNCHER_OBJS))
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.cc=$(OUT)/unit/%)

CORE_LIB := $(OUT)/libgochain-core.a
LAUNCHER_LIB := $(OUT)/libgochain-launcher.a
LIBRARY := $(OUT)/libgochain.so
LAUNCHER := $(OUT)/gochain
INIH := $(shell $(CC) -print-file-name=libinih.a)
FORMATTED := $(shell git ls-files '*.cc' '*.h' 2>/dev/null)

# One short line a step; V=1 shows the commands.
Q := $(if $(V),,@)
step = $(if $(V),,@echo "  $(1) $(@:$(BUILD)/%=%)")

.PHONY: all soak demo test unit unit-programs lint format asan ubsan tsan aarch64 install uninstall clean help deps docs docs-proxies compat check-docs
all: $(LAUNCHER) $(LIBRARY)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## all        build gochain and libgochain.so under build/release
## deps       install the Debian packages that are missing
## demo       the main job on real proxies, a module server and a git server, on loopback
## test       all tests; T=layer/file F='*Filter*' runs one unit test
## lint       formatting, clang-tidy, layers, exports, shell scripts
## docs       docs/configuration.md from the schema; lint compares it
## docs-proxies  docs/proxies.md from a run with every proxy there is a test for
## compat     docs/compatibility.md by a run of all programs in all places
## format     rewrite sources with clang-format
## asan ubsan tsan   unit tests under a sanitizer
## aarch64    build for that machine, and its unit tests under qemu-user
## soak       faulty proxies and killed programs for long, and what is left of them; SOAK_SECONDS=60 each, SOAK=supervise: these
## install    PREFIX=/usr/local DESTDIR=
## uninstall  the same, removed
## clean      remove build/

$(OUT)/libhook/%.o: libhook/%.cc
	@mkdir -p $(@D)
	$(call step,CXX)
	$(Q)$(CXX) $(CPPFLAGS) $(LIB_CXXFLAGS) -c $< -o $@

$(OUT)/launcher/%.o: launcher/%.cc
	@mkdir -p $(@D)
	$(call step,CXX)
	$(Q)$(CXX) $(CPPFLAGS) $(LAUNCHER_CXXFLAGS) -c $< -o $@

# Nettle's hashes, the same object in every variant of a machine and in the library and the launcher.
NETTLE := $(if $(EMULATOR),$(OUT),$(BUILD))/nettle.o
$(NETTLE): scripts/nettle-object
	@mkdir -p $(@D)
	$(call step,LINK)
	$(Q)scripts/nettle-object '$(CC)' $@

$(CORE_LIB): $(CORE_OBJS) $(NETTLE)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(LAUNCHER_LIB): $(LAUNCHER_LIB_OBJS)
	@rm -f $@
	$(Q)ar rcs $@ $^

# Exported symbols: the hooks of the table, nothing else.
$(OUT)/libgochain.map: libhook/hooks/hooks.def scripts/version-script
	@mkdir -p $(@D)
	$(Q)scripts/version-script $< > $@

# Linked by the C driver: libstdc++ stays out (hooks/freestanding.cc has the little that is used of it). Without the
# start files of a C library, whose only deed here would be an initialiser for nothing. Of objects, not of the archive:
# layout.ld names them by their folders, to have what a dial needs together and the rest behind it.
LAYOUT := libhook/layout.ld
$(LIBRARY): $(HOOK_OBJS) $(CORE_OBJS) $(NETTLE) $(LAYOUT) $(OUT)/libgochain.map
	$(call step,LINK)
	$(Q)$(CC) -shared -nostartfiles $(SAN) -o $@ $(HOOK_OBJS) $(CORE_OBJS) $(NETTLE) $(INIH) -static-libgcc \
	  -Wl,-T,$(LAYOUT) -Wl,--version-script=$(OUT)/libgochain.map -Wl,--exclude-libs,ALL -Wl,--gc-sections \
	  -Wl,-z,defs -Wl,-z,relro -Wl,-z,now -Wl,-z,noseparate-code -Wl,-O1 -Wl,--hash-style=gnu -ldl

LAUNCHER_LIBS := -linih -lseccomp -lpthread
$(LAUNCHER): $(OUT)/launcher/main.o $(LAUNCHER_LIB) $(CORE_LIB)
	$(call step,LINK)
	$(Q)$(CXX) $(SAN) -o $@ $(OUT)/launcher/main.o $(LAUNCHER_LIB) $(CORE_LIB) \
	  $(if $(SAN),,-static-libstdc++ -static-libgcc) -Wl,--gc-sections \
	  -Wl,-Bstatic -linih -lseccomp -Wl,-Bdynamic -lpthread

# Kept, so that a change of the libraries only links again.
.SECONDARY: $(UNIT_BINS:%=%.o)
$(OUT)/unit/%_test.o: tests/unit/%_test.cc
	@mkdir -p $(@D)
	$(call step,CXX)
	$(Q)$(CXX) $(CPPFLAGS) $(TEST_CXXFLAGS) -c $< -o $@

$(OUT)/unit/%_test: $(OUT)/unit/%_test.o $(CORE_LIB) $(LAUNCHER_LIB)
	$(call step,LINK)
	$(Q)$(CXX) $(SAN) $< $(UNIT_OBJS) -o $@ $(LAUNCHER_LIB) $(CORE_LIB) -lgtest -lgtest_main $(LAUNCHER_LIBS) $(UNIT_LIBS)

# The library's loops, without the hooks above them.
LOOP_OBJS := $(filter $(OUT)/libhook/loop/%,$(HOOK_OBJS))
$(OUT)/unit/loop/%_test: UNIT_OBJS := $(LOOP_OBJS)
$(filter $(OUT)/unit/loop/%,$(UNIT_BINS)): $(LOOP_OBJS)

# Their servers are OpenSSL's own.
$(OUT)/unit/relay/tls_% $(OUT)/unit/relay/make_tls_test: UNIT_LIBS := -lssl -lcrypto

UNIT_WANTED := $(if $(T),$(OUT)/unit/$(T)_test,$(UNIT_BINS))
unit-programs: $(UNIT_WANTED)
unit: $(UNIT_WANTED)
	@scripts/run-unit-tests $(if $(F),--filter='$(F)') $(EMULATOR:%=--emulator=%) $^

deps:
	@scripts/deps

test:
	@scripts/deps build test
	@scripts/run-tests $(if $(T),unit) BUILD=$(BUILD) VARIANT=$(VARIANT) T=$(T) F='$(F)'

SOAK_SECONDS ?= 60
soak: all
	@GOCHAIN_BUILD=$(OUT) SOAK_SECONDS=$(SOAK_SECONDS) scripts/run-integration -c pytest.ini -s ../soak $(if $(SOAK),-k '$(SOAK)')

demo:
	@scripts/deps build test
	@$(MAKE) --no-print-directory -j$(shell nproc) all
	@GOCHAIN_BUILD=$(OUT) scripts/demo

# The reference of the rules file's keys is made from the table that the parser reads.
CONFIGURATION_DOC := $(OUT)/configuration-doc
$(CONFIGURATION_DOC): scripts/configuration-doc.cc $(CORE_LIB)
	$(call step,CXX)
	$(Q)$(CXX) $(CPPFLAGS) $(TEST_CXXFLAGS) $< -o $@ $(CORE_LIB)

docs: $(CONFIGURATION_DOC)
	$(CONFIGURATION_DOC) < docs/configuration.in.md > docs/configuration.md

check-docs: $(CONFIGURATION_DOC)
	@$(CONFIGURATION_DOC) < docs/configuration.in.md | diff -u docs/configuration.md - || \
	  { echo "docs/configuration.md is stale: make docs"; false; }
	@scripts/proxies-doc --check
	@scripts/compatibility-doc --check

# What the tests saw, on this machine and with its versions.
docs-proxies: all
	@scripts/deps test
	@rm -f $(OUT)/interop
	@GOCHAIN_BUILD=$(OUT) GOCHAIN_INTEROP=$(abspath $(OUT))/interop scripts/run-integration -q interop_test.py
	@scripts/proxies-doc $(OUT)/interop

compat: all programs
	@scripts/deps test
	@rm -f $(OUT)/compatibility
	@GOCHAIN_BUILD=$(OUT) GOCHAIN_COMPATIBILITY=$(abspath $(OUT))/compatibility \
	  scripts/run-integration -q compatibility_test.py
	@scripts/compatibility-doc $(OUT)/compatibility

lint: $(LIBRARY) check-docs
	@scripts/lint $(LIBRARY)

format:
	clang-format -i $(FORMATTED)

asan ubsan tsan:
	@$(MAKE) --no-print-directory -j$(shell nproc) VARIANT=$@ unit

# Cross-compiled; its unit tests run under an emulator of its processor on this kernel.
aarch64:
	@scripts/deps aarch64
	@$(MAKE) --no-print-directory -j$(shell nproc) VARIANT=$@ all unit

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/gochain $(DESTDIR)$(PREFIX)/share/gochain/ci
	install -s -m 755 $(LAUNCHER) $(DESTDIR)$(PREFIX)/bin/gochain
	install -s -m 644 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/gochain/libgochain.so
	install -m 644 conf/*.conf $(DESTDIR)$(PREFIX)/share/gochain/
	install -m 644 conf/ci/* $(DESTDIR)$(PREFIX)/share/gochain/ci/

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/gochain $(DESTDIR)$(PREFIX)/lib/gochain/libgochain.so
	rm -rf $(DESTDIR)$(PREFIX)/share/gochain
	-rmdir $(DESTDIR)$(PREFIX)/lib/gochain

clean:
	rm -rf $(BUILD)

-include tests/programs/programs.mk tests/loops/loops.mk tests/fuzz/fuzz.mk tests/bench/bench.mk
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
