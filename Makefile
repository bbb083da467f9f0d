# Each target is a line or two that a person could type.
PYTHON ?= python3.11
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Without an NVIDIA card, PyTorch's own index for processors saves gigabytes:
#   make start TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

.PHONY: start demo check test torture bench setup setup-dev chromium readme

start: setup  ## open the app on http://localhost:8501
	$(BIN)/streamlit run app.py --server.headless=false --server.showEmailPrompt=false

demo: setup  ## the same without a browser: documents in, a tuned model and a verdict out
	$(BIN)/python -m core run $(wildcard assets/sample/*.pdf assets/sample/*.csv) --project Demo

setup: .venv/app.done
setup-dev: .venv/dev.done

.venv/app.done: requirements.txt constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(PIP) -c constraints.txt -r requirements.txt
	touch $@

.venv/dev.done: .venv/app.done requirements-dev.txt
	$(PIP) -c constraints.txt -r requirements-dev.txt
	touch $@

check: setup-dev  ## the quick part: lint, types, fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile

test: setup-dev chromium  ## everything but torture: lint, types, all tests, the browser's included
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "not torture" -n 2 --dist loadfile

torture: setup-dev  ## hours: thirty kills and whatever else is never finished quickly
	$(BIN)/pytest -m torture --timeout=7200

bench: setup-dev chromium  ## measurements, printed with the machine
	$(BIN)/python -m bench

chromium:  ## the browser that the browser tests drive; without it they are skipped
	@command -v chromium >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -qq -y chromium >/dev/null; } \
	  || echo "chromium is missing and cannot be installed from here: the browser tests are skipped. Debian: apt-get install chromium"

readme: setup-dev  ## write the README's tables anew
	$(BIN)/python -m tests.readme
