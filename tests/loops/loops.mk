# Clients on the event loops that programs are written with: $(OUT)/loops/NAME. `make programs`
# builds those whose library is here.
LOOP_DIR := $(OUT)/loops
NETTY := $(wildcard /usr/share/java/netty-*.jar)
TOKIO := $(wildcard /usr/share/cargo/registry/tokio-1.*)
SPACE := $(subst ,, )
LOOP_PROGRAMS := $(if $(wildcard /usr/include/event2/event.h),$(LOOP_DIR)/libevent_client) \
  $(if $(wildcard /usr/include/uv.h),$(LOOP_DIR)/libuv_client) \
  $(if $(wildcard /usr/include/asio.hpp),$(LOOP_DIR)/asio_client) \
  $(if $(shell command -v javac),$(LOOP_DIR)/NioClient.class) \
  $(if $(shell command -v javac),$(if $(NETTY),$(LOOP_DIR)/NettyClient.class)) \
  $(if $(shell command -v cargo),$(if $(TOKIO),$(LOOP_DIR)/tokio_client $(LOOP_DIR)/tokio_client-static))

programs: $(LOOP_PROGRAMS)

$(LOOP_DIR)/lib%_client: tests/loops/lib%_client.c tests/loops/loop_client.h
	@mkdir -p $(@D)
	$(call step,CC)
	$(Q)$(CC) $(PROGRAM_CFLAGS) $< -o $@ -l$(*F)

$(LOOP_DIR)/asio_client: tests/loops/asio_client.cc tests/loops/loop_client.h
	@mkdir -p $(@D)
	$(call step,CXX)
	$(Q)$(CXX) -std=c++20 -O1 -g1 -Wall -Wextra $< -o $@ -lpthread

$(LOOP_DIR)/%Client.class: tests/loops/%Client.java
	@mkdir -p $(@D)
	$(call step,JAVAC)
	$(Q)javac -cp "$(subst $(SPACE),:,$(NETTY))" -d $(@D) $<

# Of the distribution's crates alone; cargo writes beside its sources, so it has copies.
$(LOOP_DIR)/tokio_client-static: export RUSTFLAGS := -C target-feature=+crt-static
$(LOOP_DIR)/tokio_client $(LOOP_DIR)/tokio_client-static: $(wildcard tests/loops/tokio_client/*.toml tests/loops/tokio_client/src/*)
	@rm -rf $@.crate && mkdir -p $(@D) && cp -r tests/loops/tokio_client $@.crate
	$(call step,CARGO)
	$(Q)cd $@.crate && cargo build --quiet --offline --release --target $(shell uname -m)-unknown-linux-gnu \
	  --config 'source.crates-io.replace-with="debian"' \
	  --config 'source.debian.directory="/usr/share/cargo/registry"'
	@cp $@.crate/target/*/release/tokio_client $@
