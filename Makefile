# Every command sets up what it needs: a virtual environment in .venv, and Debian packages where it may.
PYTHON ?= python3
TO ?= MailMart records
# As given: a name may hold a dollar sign.
override TO := $(value TO)
CHANGE :=
SUMMARY :=
override SUMMARY := $(value SUMMARY)
KEEP :=
QUICK :=
export TO CHANGE SUMMARY KEEP QUICK
# Containers like to set it; without kept bytecode, each of a thousand processes compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
CACHE := .cache
FORM_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
FONT_PACKAGES := fonts-noto-core fonts-wqy-zenhei fonts-symbola fonts-tlwg-loma-otf
TEST_PACKAGES := $(FORM_PACKAGES) $(FONT_PACKAGES) poppler-utils:pdftotext qpdf:qpdf softhsm2:softhsm2-util openssl:openssl postgresql:initdb strace:strace
CONFORMANCE_PACKAGES := $(TEST_PACKAGES) mupdf-tools:mutool default-jdk-headless:javac maven:mvn nodejs:node npm:npm chromium:chromium zbar-tools:zbarimg firefox-esr:firefox-esr xvfb:Xvfb xdotool:xdotool ghostscript:gs binutils:objdump libpython3-dev

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help export desk test lint bench validators conformance golden wheel resolve audit long faults records lock format clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1  /' | column -t -l 3 2>/dev/null || true

export: $(VENV)/.export  ## issue a signed, dated PDF into out/ and verify it (TO="Acme GmbH")
	@mkdir -p out
	@copy=$$($(BIN)/mailmart-privacy export --to "$$TO" -d out) && $(BIN)/mailmart-privacy verify "$$copy" >&2 && echo "$$copy"

desk: $(VENV)/.desk  ## issue, find and check copies in the browser
	@$(BIN)/mailmart-privacy desk

test: $(VENV)/.test  ## run all tests, on the built wheel
	@tools/system-packages.sh $(TEST_PACKAGES)
	@$(BIN)/python tools/legs.py $(TESTS)

lint: $(VENV)/.test  ## formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python tools/check_requirements.py
	$(BIN)/python tools/words.py

bench: $(VENV)/.bench  ## measure, side by side
	@tools/system-packages.sh $(TEST_PACKAGES) wrk:wrk
	$(BIN)/python -m benchmarks

validators: $(VENV)/.conformance  ## get the validators that conformance asks
	@tools/system-packages.sh $(CONFORMANCE_PACKAGES)
	@$(BIN)/python -m conformance.fetch

conformance: validators  ## let the validators that others wrote judge (QUICK=1: fewer files of each kind)
	$(BIN)/python -m pytest conformance --numprocesses 2 --dist loadfile

wheel: $(VENV)/.test  ## build the wheel into dist/
	@$(BIN)/python -m build --no-isolation --outdir dist . >/dev/null && ls dist/*.whl

resolve: $(VENV)/.test  ## ask pip and uv whether every extra installs on every system (QUICK=1: a part of them)
	@$(BIN)/python tools/resolve.py $${QUICK:+--quick}

audit: $(VENV)/.audit  ## ask the public databases for known faults in what the lock files name
	$(BIN)/pip-audit --strict --disable-pip --no-deps --progress-spinner off $(foreach lock,export test oldest,--requirement locks/$(lock).txt)

long: faults resolve  ## what takes long: faults, killed batches, thousands of files in browsers, every extra on every system, clean Debian systems, a container with a desk (root, debootstrap, mmdebstrap)
	@tools/system-packages.sh libreoffice-calc:soffice
	MAILMART_PRIVACY_LIBREOFFICE=1 $(MAKE) test TESTS="--only 'own Python' tests/test_libreoffice.py"
	MAILMART_PRIVACY_KILLS=400 $(MAKE) test TESTS="--only 'own Python' tests/test_interrupts.py"
	tools/in-debian.sh bookworm make export lint test conformance
	tools/in-debian.sh trixie make test TESTS="--only 'Python 3.13'"
	tools/in-debian.sh forky make test TESTS="--only 'Python 3.14'"
	tools/desk-root.sh make
	tools/desk-root.sh try

faults: $(VENV)/.test  ## let disks, crashes and hands harm an archive, in all ways there are
	@tools/system-packages.sh strace:strace
	@# In memory where the system has room there: what a disk may lose is computed, and kills leave what was written.
	@place=$$(mktemp -d -p $(firstword $(wildcard /dev/shm) /tmp)); trap 'rm -rf "$$place"' EXIT; \
	$(BIN)/python -m pytest faults --numprocesses 3 --dist worksteal --basetemp "$$place/run"

records: $(VENV)/.test  ## make the newest version's records, or make them again (never after its release)
	@tools/system-packages.sh $(FORM_PACKAGES)
	$(BIN)/mailmart-privacy records build --replace $${CHANGE:+--change "$$CHANGE"} $${SUMMARY:+--summary "$$SUMMARY"} $$(ls src/mailmart_privacy/data | grep -E '^[0-9]{4}-' | sort | tail -n 1)

lock: $(VENV)/.test  ## write the lock files again, with the newest versions (KEEP=1: keep those that still fit)
	@$(BIN)/python tools/lock.py $${KEEP:+--keep}

golden: $(VENV)/.test  ## make the golden copies again (never after the first release)
	@tools/system-packages.sh $(FONT_PACKAGES)
	$(BIN)/python -m tests.golden

format: $(VENV)/.test  ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove what these commands made
	rm -rf $(VENV) $(CACHE) out dist conformance/web/node_modules

$(BIN)/python:
	@tools/make-venv.sh $(VENV) $(PYTHON)

# What is installed is in lock files, with hashes; `make lock` renews them.
$(VENV)/.export: $(BIN)/python pyproject.toml locks/uv.txt locks/export.txt
	@$(BIN)/python tools/installing.py export
	@touch $@

$(VENV)/.desk: $(BIN)/python pyproject.toml locks/uv.txt locks/desk.txt
	@$(BIN)/python tools/installing.py desk
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml locks/uv.txt locks/test.txt
	@$(BIN)/python tools/installing.py test
	@touch $@ $(VENV)/.export $(VENV)/.desk

$(VENV)/.conformance $(VENV)/.bench $(VENV)/.audit: $(VENV)/.%: $(VENV)/.test locks/%.txt
	@$(BIN)/python tools/installing.py $*
	@touch $@
