# make demo: set up and read sample_forms/. make test, make lint, make bench, make faults: set up and run what they say.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test lint golden bench faults fuzz clean

# 3 means that some photos were refused, as one of the samples is meant to be.
demo: $(READY)
	$(BIN)/sirekap read sample_forms --out demo-out --overlay || [ $$? -eq 3 ]

# Four processes on two cores, since tests wait for databases and browsers; each file of tests in one of them. Runs that are disturbed or
# killed at a moment of their own have the machine to themselves: beside others no moment comes when it was meant to.
ALONE := tests/test_run_faults.py
test: $(READY)
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder --durations 25 $(ALONE:%=--ignore %)
	$(BIN)/python -m pytest --durations 5 $(ALONE)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# What the tests hold the samples against: run it after looking at what changed.
golden: $(READY)
	$(BIN)/sirekap read sample_forms --out demo-out --overlay || [ $$? -eq 3 ]
	cp demo-out/sheets.jsonl sample_forms/expected.jsonl

bench: $(READY)
	$(BIN)/sirekap bench speed
	$(BIN)/sirekap bench rollup

# Runs killed at any moment, each made whole by the next: 50 of 100 photos take an hour or two.
ROUNDS ?= 50
PHOTOS ?= 100
faults: $(READY)
	$(BIN)/sirekap bench faults --rounds $(ROUNDS) --photos $(PHOTOS)

# Every target for so many seconds, two at once; `make fuzz SECONDS=3600` by hand.
SECONDS ?= 60
fuzz: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --out fuzz-out

clean:
	rm -rf .venv demo-out bench-out fuzz-out

$(READY): pyproject.toml constraints.txt scripts/system-packages
	PYTHON=$(PYTHON) scripts/system-packages
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
