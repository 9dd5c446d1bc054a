# What a developer types is what CI runs. Needs Rust, Python 3.10 or newer with venv and pip, and make; pip fetches the rest.
#
# Every path is relative: GNU Make splits words at blanks, and the checkout may lie in a directory whose name has one.
#
#   PYTHON=python3.12   another interpreter for the virtual environment (after `make clean`)
#   PROFILE=dev         an unoptimised wheel, which builds several times faster; for development

PYTHON ?= python3
PROFILE ?= release

VENV_PYTHON := .venv/bin/python
PIP := $(VENV_PYTHON) -m pip
# Stamps live in the virtual environment: who deletes it starts afresh.
VENV := .venv/.made
WHEEL := .venv/.wheel-$(PROFILE)
# Who only looks does not wait for every optimisation; a wheel that was built already is as good.
DEMO_WHEEL := $(if $(wildcard $(WHEEL))$(filter-out release,$(PROFILE)),$(WHEEL),.venv/.wheel-quick)
TEST_TOOLS := .venv/.test-tools
# The other major version of pandas, in an environment of its own.
PANDAS2 := .venv-pandas2/.made
SPARK := .venv-spark/.made
FOCUS := .venv-focus/.made
DOCS := .venv-docs/.made
# The wheel that is handed out, and what it is built with.
DIST := dist/.made
# The suite on a wheel with counters has an environment of its own, too.
COVERAGE := .venv-coverage/.made
MUTANTS := target/tools/bin/cargo-mutants
# Directories are listed too, since a file that was deleted shows only in the time of its directory.
# What metertap is measured against: an environment for those that share one, and one for each that does not.
BENCH := $(patsubst %,.venv-bench/%/.made,peers dlt airbyte volcengine)
BENCH_METERTAP := .venv-bench/peers/.metertap
BENCH_PYTHON := .venv-bench/peers/bin/python
BENCH_SERVER := target/release/bench-server
BENCH_CALLS := target/release/bench-calls
SOURCES := Cargo.toml Cargo.lock pyproject.toml README.md \
  $(shell find src python \( -name __pycache__ -prune \) -o \( -type d -o -name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name py.typed \) -print)
CORE := --locked --no-default-features

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests must see the installed wheel, not what a caller's path points to.
unexport PYTHONPATH PYTHONHOME

# rustup's cargo looks for its toolchain under HOME. Where HOME is another directory, so that cargo cannot start,
# take the homes that lie beside it.
ifneq ($(shell cargo --version >/dev/null 2>&1 || echo broken),)
  CARGO_HOME ?= $(shell dirname "$$(dirname "$$(command -v cargo)")")
  RUSTUP_HOME ?= $(shell dirname "$$(dirname "$$(dirname "$$(command -v cargo)")")")/.rustup
  export CARGO_HOME RUSTUP_HOME
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help build demo test spark focus docs bench bench-gate instructions versus lines reliability without pictures coverage mutants fuzz lint fmt deny clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile

build: $(WHEEL) ## build the wheel and install it into .venv

demo: $(DEMO_WHEEL) ## show the whole thing against the built-in simulator; no account needed
	.venv/bin/metertap demo

test: $(WHEEL) $(TEST_TOOLS) $(PANDAS2) ## run the Rust tests, then the Python tests on the installed wheel
	cargo test $(CORE) --features client,simulator
	METERTAP_PANDAS2_PYTHON="$(CURDIR)/.venv-pandas2/bin/python" $(VENV_PYTHON) -m pytest

# Not a part of test: Spark is 400 MB, and needs Java 17.
spark: $(WHEEL) $(TEST_TOOLS) $(SPARK) ## ask with Spark, read a ledger with it, and run the recipes of docs/beyond.md; needs Java 17
	@java -version 2>/dev/null || { echo 'Spark needs Java 17 (Debian: apt-get install openjdk-17-jre-headless).' >&2; exit 1; }
	METERTAP_SPARK_PYTHON="$(CURDIR)/.venv-spark/bin/python" $(VENV_PYTHON) -m pytest tests/spark

# Not a part of test: the validator is 640 MB, and needs a Python of 3.12 or newer beside the one that metertap is tested with.
focus: $(WHEEL) $(TEST_TOOLS) $(FOCUS) ## let FOCUS's validator judge extracts, and compare the rules that fail with the pinned ones
	$(VENV_PYTHON) tools/focus.py

# Not a part of test: it takes five minutes or more, and an environment with a C compiler, zig, which comes from pip.
wheel: $(DIST) ## build the wheel that runs on every Linux from glibc 2.17 on, into dist, and look at what is in it
	.venv-wheel/bin/python tools/handout.py --check dist/*.whl

# Not a part of test: it takes five minutes for each Python. ONLY="3.10 3.13" takes some.
pythons: $(DIST) ## run the Python tests with the wheel of make wheel on every Python that is found (F30)
	$(PYTHON) tools/pythons.py $(ONLY)

# Not a part of test: it takes 25 minutes, peers of many megabytes, and valgrind (P15). WRITE=1 puts the table into docs/performance.md.
bench: $(WHEEL) $(BENCH) $(BENCH_METERTAP) $(BENCH_SERVER) $(BENCH_CALLS) ## run the figures P1 to P16, or some: make bench ONLY=P3,P8
	$(BENCH_PYTHON) benches/run.py --only '$(ONLY)' $(if $(WRITE),--write)

bench-gate: $(WHEEL) .venv-bench/peers/.made $(BENCH_METERTAP) $(BENCH_SERVER) ## measure a few ratios that must not get worse
	$(BENCH_PYTHON) benches/gate.py

# WRITE=1 takes today's figures for the baseline.
instructions: $(BENCH_SERVER) $(BENCH_CALLS) ## count the instructions of one small call (P15), by room; needs valgrind
	$(PYTHON) benches/instructions.py --check $(if $(WRITE),--write)

# What is compared are folders into which wheels were installed: pip install --no-deps --target FOLDER WHEEL.
versus: $(TEST_TOOLS) $(BENCH_SERVER) ## compare two builds: make versus BASE=FOLDER NEW=FOLDER ONLY=P8
	$(VENV_PYTHON) benches/versus.py '$(BASE)' '$(NEW)' $(if $(ONLY),--only '$(ONLY)')

lines: ## count the lines that define and read the providers; and how many of another revision: make lines AGAINST=main
	$(PYTHON) tools/lines.py $(if $(AGAINST),--against '$(AGAINST)')

# Not a part of test: it takes an hour. WRITE=1 puts the table into docs/reliability.md.
reliability: $(WHEEL) $(TEST_TOOLS) ## run the figures F1 to F30, or some: make reliability ONLY=F8,F11
	$(VENV_PYTHON) tools/reliability.py --only '$(ONLY)' $(if $(WRITE),--write)

# Not a part of test: it builds a wheel for each patch of tests/reliability/without.
without: $(WHEEL) ## run figures with their mechanism switched off: each must fail; or some: make without ONLY="F24 F27"
	$(VENV_PYTHON) tools/without.py $(ONLY)

# Offline and strict: a broken link fails, and so does a page that would fetch something from elsewhere.
docs: $(WHEEL) $(TEST_TOOLS) $(DOCS) ## build the site of the docs into build/site
	$(VENV_PYTHON) tools/site.py

pictures: $(WHEEL) ## draw the pictures of the docs, from the simulator
	$(VENV_PYTHON) tools/pictures.py

coverage: $(COVERAGE) ## count the lines that the Rust and the Python tests run (F7)
	.venv-coverage/bin/python tools/coverage.py

# An hour or two for all of them. A part: make mutants SHARD=0/8. `make reliability` tells the results as F6.
mutants: $(MUTANTS) ## change the code in small ways and count what the tests notice (F6)
	$(PYTHON) tools/mutants.py $(if $(SHARD),--shard $(SHARD))

# Not a part of test either. RUNS=10000000 is the release run, whose results `make reliability` tells as F4.
SECONDS ?= 60
fuzz: ## fuzz what reads the bytes of others: make fuzz SECONDS=600 TARGETS="sora numbers"; needs a C++ compiler
	$(PYTHON) tools/fuzz.py $(if $(RUNS),--runs $(RUNS),--seconds $(SECONDS)) $(if $(ADD),--add) $(TARGETS)

lint: $(WHEEL) $(TEST_TOOLS) ## check format, lints, types, stubs and layers; changes nothing
	cargo fmt --check
	cargo fmt --check --manifest-path benches/server/Cargo.toml
	cargo fmt --check --manifest-path benches/calls/Cargo.toml
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo metadata --locked --format-version 1 --manifest-path benches/server/Cargo.toml > /dev/null
	cargo metadata --locked --format-version 1 --manifest-path benches/calls/Cargo.toml > /dev/null
	cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml > /dev/null
	cargo clippy $(CORE) --all-targets --quiet -- -D warnings
	cargo clippy $(CORE) --all-targets --quiet --features client -- -D warnings
	cargo clippy $(CORE) --all-targets --quiet --features simulator -- -D warnings
	cargo clippy $(CORE) --all-targets --quiet --features python -- -D warnings
	$(VENV_PYTHON) tools/layers.py
	$(VENV_PYTHON) tools/stubs.py --check
	$(VENV_PYTHON) tools/pages.py --check
	$(VENV_PYTHON) tools/vocabulary.py --check
	$(VENV_PYTHON) -m ruff check --quiet
	$(VENV_PYTHON) -m ruff format --check --quiet
	$(VENV_PYTHON) -m mypy
	$(VENV_PYTHON) -m mypy.stubtest metertap --mypy-config-file pyproject.toml

fmt: $(TEST_TOOLS) ## format Rust and Python
	cargo fmt
	cargo fmt --manifest-path benches/server/Cargo.toml
	cargo fmt --manifest-path benches/calls/Cargo.toml
	$(VENV_PYTHON) -m ruff check --quiet --fix-only
	$(VENV_PYTHON) -m ruff format --quiet

# Not a part of lint: cargo-deny takes minutes to install. Advisories are left out, because they need their database from the network.
deny: ## check licences, bans and sources of the crates; needs cargo-deny
	@command -v cargo-deny >/dev/null || { echo 'cargo-deny is not installed: cargo install --locked cargo-deny' >&2; exit 1; }
	cargo deny --all-features check licenses bans sources

clean: ## delete everything that the other targets made here
	rm -rf .venv .venv-bench .venv-coverage .venv-pandas2 .venv-spark .venv-focus .venv-docs build target .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "metertap needs Python 3.10 or newer: make PYTHON=…")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.wheel-%: $(SOURCES) | $(VENV)
	@cargo --version >/dev/null || { echo 'The core of metertap is written in Rust: install Rust, then try again.' >&2; exit 1; }
	@rm -rf build/wheel .venv/.wheel-*
	MATURIN_PEP517_ARGS='--profile $*' $(PIP) wheel --quiet --no-deps --wheel-dir build/wheel .
	$(PIP) install --quiet --no-deps --force-reinstall build/wheel/*.whl
	@touch $@

$(TEST_TOOLS): pyproject.toml | $(WHEEL)
	$(PIP) install --quiet "$$(echo build/wheel/*.whl)[test]"
	@touch $@

$(PANDAS2): $(WHEEL)
	$(PYTHON) -m venv .venv-pandas2
	.venv-pandas2/bin/python -m pip install --quiet --force-reinstall --no-deps build/wheel/*.whl
	.venv-pandas2/bin/python -m pip install --quiet 'pandas>=2.2,<3' 'pyarrow>=17,<27'
	@touch $@

$(SPARK): tests/spark/requirements.txt $(WHEEL)
	$(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python -m pip install --quiet --requirement tests/spark/requirements.txt
	.venv-spark/bin/python -m pip install --quiet --force-reinstall --no-deps build/wheel/*.whl
	@touch $@

$(DOCS): docs/site/requirements.txt
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --requirement docs/site/requirements.txt
	@touch $@

# pyarrow 24 refuses the numpy that the validator is pinned to, which pip does not notice.
$(FOCUS):
	python="$$($(PYTHON) tools/focus.py --find-python)" && "$$python" -m venv --clear .venv-focus
	.venv-focus/bin/python -m pip install --quiet 'focus-validator==2.2.1' 'pyarrow<24'
	@touch $@

$(DIST): $(SOURCES) .venv-wheel/.made
	.venv-wheel/bin/python tools/handout.py
	@touch $@

.venv-wheel/.made:
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet 'maturin[zig]>=1.9,<2'
	@touch $@

# The wheel is here for the names of its test extra only: the tool builds its own, with counters.
$(COVERAGE): pyproject.toml | $(WHEEL)
	rustup component add llvm-tools
	$(PYTHON) -m venv .venv-coverage
	.venv-coverage/bin/python -m pip install --quiet "$$(echo build/wheel/*.whl)[test]" 'coverage>=7.10,<8'
	@touch $@

$(MUTANTS):
	cargo install --quiet --locked --root target/tools --version 27.1.0 cargo-mutants

.venv-bench/%/.made: benches/requirements-%.txt | $(VENV)
	$(PYTHON) -m venv .venv-bench/$*
	.venv-bench/$*/bin/python -m pip install --quiet --requirement $<
	@touch $@

$(BENCH_METERTAP): $(WHEEL) .venv-bench/peers/.made
	$(BENCH_PYTHON) -m pip install --quiet --no-deps --force-reinstall build/wheel/*.whl
	@touch $@

# cargo knows what changed.
.PHONY: $(BENCH_SERVER) $(BENCH_CALLS)
$(BENCH_SERVER):
	cargo build --release --quiet --locked --manifest-path benches/server/Cargo.toml --target-dir target

$(BENCH_CALLS):
	cargo build --release --quiet --locked --manifest-path benches/calls/Cargo.toml --target-dir target
