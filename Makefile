# make run [PROMPT="..."]   a real model answers, computed by the module
# make test                 every test, ending in a line of counts
# make site                 the demo for a static host: build/site
# make                      the modules: build/wasm*/quern.wasm
# Each sets up what it needs first: see tools/setup.sh.

PROMPT ?= What is the capital of France, and what is it known for?
# As it was typed, dollar signs and all.
override PROMPT := $(value PROMPT)
export PROMPT
MODULES = wasm32-simd128 wasm32-relaxed wasm32-simd128-mt wasm32-relaxed-mt \
	wasm64-simd128 wasm64-relaxed wasm64-simd128-mt wasm64-relaxed-mt

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

site: modules
	@node tools/make_site.mjs

bench: modules
	@tools/setup.sh bench
	@cmake --build --preset wasm32-relaxed --target kernel_bench > /dev/null
	@QUERN_PYTHON=$$(python3 -c 'import sys; sys.path.insert(0, "tools"); import fetch_model; print(fetch_model.cache())')/venv/bin/python node bench/kernels/run.js \
		--hosts wasmtime,node,chromium,firefox --entries 'simd128|relaxed' --dram 256 --rounds 20 --save
	@cd bench && node e2e/suite.js $(BENCH)

clean:
	rm -rf build

.PHONY: all setup modules run test site bench clean
