# What people type. Everything else is `cargo x`, which says what it can do.
#
#   make demo                 the product at work
#   make demo DATA=directory  the same on exports of your own
#   make demo ONCE=1          the same, ending when everything is loaded
#   make test                 all tests
#   make lint                 formatting, clippy, documentation, house rules, dependencies
#   make bench                all benchmark scenarios, or BENCH_ARGS="scenario..."
#   make docs                 docs/reference, from the program itself

.PHONY: help packages demo test lint check bench docs

help:
	@sed -n 's/^#   //p' Makefile

packages:
	@scripts/install-packages.sh

demo: packages
	cargo run --release -p shelfops -- demo $(if $(DATA),--data "$(DATA)") $(if $(ONCE),--once) $(DEMO_ARGS)

test: packages
	cargo x test $(TEST_ARGS)

lint:
	cargo x lint

check: packages
	cargo x check

bench: packages
	cargo x bench $(BENCH_ARGS)

docs:
	cargo x docs
