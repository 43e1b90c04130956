# make run [PROMPT="..."]   run a small model on a prompt
# make test                 run the linters and every test; the last line has the counts
# make fuzz T=60            run each fuzz target for 60 seconds
# make test-packaging       use the npm package with every supported bundler, and in Node; it installs 500 MB of bundlers
# make test-clients         use the server with the AI SDK and LangChain; it installs 150 MB of packages
# make test-arm64           run the kernel check and the tiny models on 64-bit ARM, with QEMU
# make test-i386            build the native suites for 32-bit x86 with SSE2, and run them
# make mutants              plant faults into the checks of untrusted input; every one must fail a test
# make soak MINUTES=60      random chats, forks, saves, aborts and reloads in Node, then in Chromium, MINUTES each
# make lint                 check format and style; make format fixes the format
# make package              pack the npm package: build/quern-0.1.0.tgz
# make site                 build the demo for a static host: build/site
# make instructions         count the instructions of the kernels on x86-64 and 64-bit ARM (ARGS="--kinds --entries q4_K")
# make bench                measure kernels, and prompts and decoding next to other engines
# make bench-guard BASE=... compare the speed with that of a commit; fails on a loss
# make                      build the modules: build/wasm*/quern.wasm
# Each target installs what it needs first (tools/setup.sh).

PROMPT ?= What is the capital of France, and what is it known for?
# Keep dollar signs as they were typed.
override PROMPT := $(value PROMPT)
export PROMPT
MINUTES ?= 60
MODULES = wasm32-simd128 wasm32-relaxed wasm32-simd128-mt wasm32-relaxed-mt \
	wasm64-simd128 wasm64-relaxed wasm64-simd128-mt wasm64-relaxed-mt
PYTHON = $(shell python3 -c 'import sys; sys.path.insert(0, "tools"); import fetch_model; print(fetch_model.cache())')/venv/bin/python

all: modules

setup:
	@tools/setup.sh build

modules: setup
	@tools/build.sh $(MODULES)

run: modules
	@python3 tools/fetch_model.py smollm2 > /dev/null
	@printf '\n> %s\n\n' "$$PROMPT"
	@./quern run --prompt="$$PROMPT"

test:
	@tools/setup.sh test
	@python3 tools/test.py

fuzz:
	@tools/setup.sh test
	@tools/build.sh native wasm32-simd128 wasm32-relaxed
	@tools/package_wasm.py
	@$(PYTHON) tests/fuzz/run.py --seconds $(or $(T),60)

test-clients: modules
	@tools/setup.sh clients
	@tools/package_wasm.py
	@$(PYTHON) -m pytest -q -rs -p no:cacheprovider tests/clients

test-arm64: modules
	@tools/setup.sh arm64
	@tools/package_wasm.py
	@$(PYTHON) -m pytest -q -rs -p no:cacheprovider tests/arm64

test-i386:
	@tools/setup.sh i386
	@tools/test_i386.sh

mutants:
	@tools/setup.sh mutants
	@$(PYTHON) tools/mutants/run.py $(ARGS)

soak: modules
	@tools/setup.sh bench
	@tools/package_wasm.py
	@node tests/soak/soak.mjs --minutes $(MINUTES)

lint:
	@tools/setup.sh lint
	@tools/lint.sh

format:
	@tools/setup.sh lint
	@tools/lint.sh --fix

package: modules
	@tools/package_wasm.py --tarball

test-packaging: package
	@tools/setup.sh packaging
	@node tests/packaging/run.mjs build/quern-0.1.0.tgz

site: modules
	@node tools/make_site.mjs

bench: modules
	@tools/setup.sh bench
	@cmake --build --preset wasm32-relaxed --target kernel_bench > /dev/null
	@QUERN_PYTHON=$(PYTHON) node bench/kernels/run.js \
		--hosts wasmtime,node,chromium,firefox --entries 'simd128|relaxed' --dram 256 --rounds 20 --save
	@cd bench && node e2e/suite.js $(BENCH)

bench-guard: setup
	@tools/setup.sh bench
	@node bench/guard/guard.js $(if $(BASE),--base='$(BASE)') $(GUARD)

instructions:
	@tools/setup.sh arm64
	@tools/build.sh wasm32-relaxed
	@cmake --build --preset wasm32-relaxed --target kernel_bench > /dev/null
	@$(PYTHON) bench/kernels/instructions.py $(ARGS)

clean:
	rm -rf build

.PHONY: all setup modules run test fuzz test-packaging test-clients test-arm64 test-i386 mutants soak lint format package site bench bench-guard instructions clean
