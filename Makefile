# Every command of this project; CI runs check and test and nothing else.
# PYTHON names the Python that .venv is made with: make install PYTHON=python3.12
PYTHON ?= python3
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help install run test check bench-gateway bench-adapters bench-desk bench-retrieval bench-train bench-loop clean

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1:\2/p' Makefile | awk -F: '{printf "%-22s %s\n", $$1, $$2}'

install: ## Set up .venv with the engine for this machine and the reading-room command
	@./environment.sh dev

run: install ## Set up, then start engine and gateway; Ctrl-C stops both
	@exec .venv/bin/reading-room serve

test: ## Set up, Chromium too where apt-get may, then run all tests
	@./environment.sh dev browser
	@.venv/bin/pytest

check: install ## Lint, formatting, types, and who may import whom
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

bench-gateway: install ## Measure what the gateway adds to vLLM's own answers
	@.venv/bin/python -m tests.bench.gateway

bench-adapters: install ## Measure adapters against their aims, stock vLLM beside them
	@.venv/bin/python -m tests.bench.adapters

bench-desk: install ## Attack the staff desk's pages, and kill the gateway while feedback comes in
	@.venv/bin/python -m tests.bench.desk

# DATA: a folder with dev/, dev_questions.jsonl and ir/scifact; without it the sample library serves
bench-retrieval: install ## Measure search against its aims, BM25, dense, txtai and LanceDB beside it
	@.venv/bin/pip install -q --group bench
	@.venv/bin/python -m tests.bench.retrieval $(if $(DATA),--data $(DATA)) $(BENCH_OPTIONS)

bench-train: install ## Measure a training run, plain transformers and TRL beside it
	@.venv/bin/pip install -q --group bench
	@.venv/bin/python -m tests.bench.train $(BENCH_OPTIONS)

bench-loop: install ## Measure whether training helps, at 50, 200 and 800 pairs, and a poor dataset
	@.venv/bin/python -m tests.bench.loop $(if $(DATA),--data $(DATA)) $(BENCH_OPTIONS)

clean: ## Remove .venv and everything that tools cached; data/ stays
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
