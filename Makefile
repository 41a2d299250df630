# What people type. Each target installs what it needs.

export CARGO_TERM_COLOR ?= always
BINARY := target/release/smartyreader

.PHONY: demo test bench soak web release lint browser fuzz-smoke firmware firmware-test

## A virtual meter and a year of history: look at http://127.0.0.1:8090/
demo: release
	$(BINARY) demo --folder target/demo

## Every test of Rust, firmware, page and browser.
test: lint web
	cargo test --workspace
	$(MAKE) firmware-test
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
	PROPTEST_CASES=100000 cargo test --release -p smarty-ledger --test worlds
	PROPTEST_CASES=10000 cargo test --release -p smarty-store --test worlds

## The firmware of the ESP32-C3: with W5500, and with Wi-Fi. Limits in bytes: image (a slot has 1572864), RAM, stack left.
# The main task needs the most stack, 59 kB in a handshake with a certificate; tests/board_c3.rs prints what was never used.
firmware:
	scripts/need firmware
	scripts/firmware c3 wifi
	scripts/firmware size board-c3 900000 330000 64000
	scripts/firmware size board-c3-wifi 1300000 340000 64000

## The firmware's own tests, and both boards that run without hardware against a real broker.
firmware-test: firmware
	scripts/firmware virt tools emulator
	cd firmware && cargo test -p smarty-app --target $$(rustc --print host-tuple)
	cd firmware/emulator && cargo test
	FIRMWARE_REQUIRED=1 cargo test -p smartyreader --test board_virt --test board_c3

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
