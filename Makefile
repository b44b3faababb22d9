# octavo: what a person types in this folder. Nothing is needed but make and Python 3.11 or newer.
#
#   make demo        install octavo and its small model, and ask Python's language reference a question, in two ways
#   make demo-read   the same book, read chunk by chunk to the last one (slow without a graphics card)
#   make test        install what the tests need and run every check that CI runs
#   make clean       remove what these made

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := .demo
PIP := $(BIN)/python -m pip --disable-pip-version-check

BOOK := $(DEMO)/python-language-reference.md
STATEMENTS := $(DEMO)/python-statements.md

# The demo keeps to itself: the model in this process, whatever endpoint the environment names, and a home of its own.
ASK := $(BIN)/octavo ask -m smollm2 --home $(DEMO)/home
QUESTION := "Which statement is used to insert debugging assertions into a program?"
# "Not found" is an answer too (exit codes 3 and 5); a demo fails only where octavo does.
OR_NOT_FOUND := || case $$? in 3|5) ;; *) exit 1 ;; esac

.PHONY: help demo demo-read test clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

demo: $(VENV)/.demo $(BOOK)
	@echo; echo '--- Level 1, retrieve: all of the book, by keywords'
	$(ASK) --level retrieve $(QUESTION) $(BOOK) $(OR_NOT_FOUND)
	@echo; echo '--- Level 2, read: every chunk of its part on statements is shown to the model'
	$(ASK) --level read $(QUESTION) $(STATEMENTS) $(OR_NOT_FOUND)

demo-read: $(VENV)/.demo $(BOOK)
	$(ASK) --level read $(QUESTION) $(BOOK) $(OR_NOT_FOUND)

test: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2

clean:
	rm -rf $(VENV) $(DEMO)

# --- what is installed; each file is a stamp that says so -----------------------------------------------------------

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "octavo needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[local]'
	$(BIN)/octavo models install smollm2
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install -c constraints.txt -e '.[dev]'
	$(BIN)/octavo models install smollm2
	@touch $(VENV)/.demo $@

$(BOOK): examples/write_demo_document.py | $(BIN)/python
	$(BIN)/python examples/write_demo_document.py $(DEMO)
