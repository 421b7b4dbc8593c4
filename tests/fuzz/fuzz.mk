## fuzz       libFuzzer harnesses under ASan and UBSan, FUZZ_SECONDS=20 each; F=name runs one,
##            FUZZ_SEED=1 has the same inputs each time
# Included by the top Makefile. A harness NAME_fuzz.cc starts from the seeds in corpus/NAME and puts
# what it finds under $(BUILD)/fuzz. NAME.dict, where there is one, has the words of its input.

FUZZ_SECONDS ?= 20
FUZZ_SEED ?= 0
FUZZ_CXX ?= clang++
FUZZ_FLAGS := -std=c++20 $(WARNINGS) -g1 -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_OUT := $(BUILD)/fuzz
FUZZ_NAMES := $(patsubst tests/fuzz/%_fuzz.cc,%,$(wildcard tests/fuzz/*_fuzz.cc))
# And what of the launcher reads what others send.
FUZZ_LISTENER := $(addprefix launcher/listener/,handshake.cc host_and_port.cc http_body.cc http_request.cc reply.cc socks_request.cc)
FUZZ_CORE := $(patsubst %.cc,$(FUZZ_OUT)/%.o,$(CORE_SRCS) launcher/relay/mux_message.cc $(FUZZ_LISTENER))

$(FUZZ_OUT)/%.o: %.cc
	@mkdir -p $(@D)
	$(call step,CXX)
	$(Q)$(FUZZ_CXX) $(CPPFLAGS) $(FUZZ_FLAGS) -c $< -o $@

$(FUZZ_OUT)/libgochain-core.a: $(FUZZ_CORE) $(NETTLE)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(FUZZ_OUT)/%_fuzz: tests/fuzz/%_fuzz.cc $(FUZZ_OUT)/libgochain-core.a
	$(call step,CXX)
	$(Q)$(FUZZ_CXX) $(CPPFLAGS) $(FUZZ_FLAGS) $< -o $@ $(FUZZ_OUT)/libgochain-core.a $(INIH)

FUZZ_PROGRAMS := $(patsubst %,$(FUZZ_OUT)/%_fuzz,$(if $(F),$(F),$(FUZZ_NAMES)))
.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS)
fuzz: $(FUZZ_PROGRAMS)
	@set -e; for harness in $^; do \
	  name=$$(basename $$harness _fuzz); mkdir -p $(FUZZ_OUT)/found/$$name; \
	  echo "fuzz $$name: $(FUZZ_SECONDS) s"; \
	  dict=tests/fuzz/$$name.dict; [ -e $$dict ] && dict=-dict=$$dict || dict=; \
	  $$harness $$dict -max_total_time=$(FUZZ_SECONDS) -seed=$(FUZZ_SEED) -max_len=4096 -print_final_stats=1 \
	    -artifact_prefix=$(FUZZ_OUT)/found/$$name- $(FUZZ_OUT)/found/$$name tests/fuzz/corpus/$$name \
	    >$(FUZZ_OUT)/$$name.log 2>&1 || { grep -a -m1 -B2 -A25 "ERROR\|runtime error\|does not hold" $(FUZZ_OUT)/$$name.log; exit 1; }; \
	  grep -h 'number_of_executed_units\|new_units_added' $(FUZZ_OUT)/$$name.log; \
	done

-include $(shell find $(FUZZ_OUT) -name '*.d' 2>/dev/null)
