# What people type. Each target installs what it needs.

export CARGO_TERM_COLOR ?= always
BINARY := target/release/smartyreader
C3_FITS := scripts/firmware size board-c3 900000 253000 72000

.PHONY: demo test bench soak package test-package docs web release lint browser fuzz-smoke firmware firmware-parts firmware-test

## A virtual meter and a year of history: look at http://127.0.0.1:8090/
demo: release
	$(BINARY) demo --folder target/demo

## Every test of Rust, firmware, page and browser.
test: lint web
	if scripts/firmware can; then \
		$(MAKE) firmware-parts && FIRMWARE_REQUIRED=1 scripts/test; \
	else \
		echo "SKIPPED: the firmware. \`make firmware-test\` gets what it needs and tests it; everything else is tested." >&2; \
		scripts/test; \
	fi
	$(MAKE) browser
	$(MAKE) fuzz-smoke

## Each budget with the measured figure beside it.
bench: release
	scripts/need bench
	scripts/bench

## What takes longer than a test may.
soak: web
	cargo test -p smartyreader --test kills -- --ignored --nocapture
	cargo test --release -p smartyreader --test five -- --ignored --nocapture --test-threads 1
	scripts/need firmware
	scripts/firmware c3 next virt tools emulator
	FIRMWARE_REQUIRED=1 cargo test -p smartyreader --test board_virt_trials --test board_c3 --test board_c3_updates -- --ignored --nocapture
	PROPTEST_CASES=100000 cargo test --release -p smarty-ledger --test worlds
	PROPTEST_CASES=10000 cargo test --release -p smarty-store --test worlds

## Debian packages for this machine and for ARM, in target/package.
package: web
	scripts/package

## The packages installed, upgraded and purged on this machine (as root); those for ARM run under qemu, with the decoder's and the store's tests.
# These are optimized a little: qemu makes everything slower by ten times.
test-package:
	packaging/test-containers $(BINARY)
	packaging/test-udev
	packaging/test target/package/smartyreader_*_amd64.deb
	for arch in arm64 armhf; do \
		packaging/test-arm target/package/smartyreader_*_$$arch.deb $(BINARY) && \
		CARGO_PROFILE_DEV_OPT_LEVEL=1 scripts/cross $$arch cargo test -p smarty-p1 -p smarty-store || exit 1; \
	done

## The documentation as a site in target/book, its links followed.
docs:
	scripts/docs

## The firmware of the ESP32-C3: with W5500, with Wi-Fi, each with an RFM95 besides; and of the ESP32-C6 with Wi-Fi.
# Limits in bytes: image (a slot has 1572864), RAM, stack left.
# 38 kB of stack are used, at the start and in a handshake with a certificate; tests/board_c3.rs prints what was never used.
# The first one's RAM is what it may be for the tightest to fit, Wi-Fi with RFM95: the tests build the first alone.
firmware:
	scripts/need firmware
	scripts/firmware c3 wifi lora eth-lora
	$(C3_FITS)
	scripts/firmware size board-c3-wifi 1300000 325000 72000
	scripts/firmware size board-c3-lora 1300000 325000 72000
	scripts/firmware size board-c3-eth-lora 1000000 270000 72000
	if scripts/firmware can c6; then \
		scripts/firmware c6 && scripts/firmware size board-c6-wifi 1400000 350000 72000; \
	else \
		echo "SKIPPED: the ESP32-C6" >&2; \
	fi

## The firmware's own tests.
firmware-parts:
	scripts/need firmware
	cd firmware && cargo fmt --check
	cd firmware/emulator && cargo fmt --check
	scripts/firmware c3 next virt tools emulator
	$(C3_FITS)
	cd firmware && CARGO_TARGET_DIR=$(CURDIR)/target/firmware/build cargo test -p smarty-app --features lora --target $$(rustc --print host-tuple)
	cd firmware/emulator && CARGO_TARGET_DIR=$(CURDIR)/target/firmware/emulator-build cargo test

## And both boards that run without hardware against a real broker.
firmware-test: firmware-parts
	FIRMWARE_REQUIRED=1 cargo test -p smartyreader --test board_virt --test board_virt_trials --test board_c3 --test board_c3_updates

web:
	scripts/need demo
	cd web && npm run --silent build

release: web
	cargo build --release

lint:
	scripts/need test
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo deny check bans licenses sources
	cd web && npm run --silent check && npm run --silent test

## The page in a real browser, on the real daemon.
browser: release
	scripts/browser

fuzz-smoke:
	scripts/fuzz-smoke
