# Everything happens in .venv, made on first use; `make help` prints this list.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUN ?= runs/demo
DEMO_DATA ?= runs/demo-data

.PHONY: help demo test lint types layers docs check constraints clean
.DEFAULT_GOAL := help

help:  ## Print this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/pip: constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade --constraint constraints.txt pip
	@touch $@

.venv/package: .venv/pip pyproject.toml
	$(PIP) --constraint constraints.txt --editable .
	@touch $@

# torch first and alone: asked for together with the others, pip may choose a build of several gigabytes.
.venv/test: .venv/package
	$(PIP) --constraint constraints.txt "$$(grep -i '^torch==' constraints.txt)"
	$(PIP) --constraint constraints.txt --editable '.[all]' --group test
	@touch $@

.venv/lint: .venv/test
	$(PIP) --constraint constraints.txt --group lint
	@touch $@

.venv/docs: .venv/package
	$(PIP) --constraint constraints.txt --group docs
	@touch $@

DEMO_FILES := --data $(DEMO_DATA)/train.jsonl --test $(DEMO_DATA)/test.jsonl --labels $(DEMO_DATA)/labels.jsonl

demo: .venv/package  ## Fetch WordNet, train a label tree and a fused model, compare (under 3 minutes after the downloads)
	$(BIN)/manylabel data fetch demo --to $(DEMO_DATA) --overwrite
	$(BIN)/manylabel train --model linear-tree $(DEMO_FILES) --run $(RUN)-tree --overwrite
	$(BIN)/manylabel train configs/wordnet.yaml $(DEMO_FILES) --run $(RUN) --overwrite
	$(BIN)/manylabel compare $(RUN)-tree $(RUN)

test: .venv/test  ## Run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/lint  ## Style, common mistakes and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/lint  ## Check the annotations
	$(BIN)/pyright

layers: .venv/lint  ## Check that rooms import only from the floors below
	$(BIN)/lint-imports

docs: .venv/docs  ## Build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet

check: lint types layers docs test  ## All of it, as CI does

constraints: .venv/lint .venv/docs  ## Write the installed versions to constraints.txt
	@(head -2 constraints.txt; $(BIN)/python -m pip freeze --all --exclude-editable | sed "s|+cpu$$||" | sort -f) > constraints.new
	@mv constraints.new constraints.txt

clean:  ## Remove the environment and everything that was built
	rm -rf .venv site build dist src/*.egg-info
