# Each target is a line or two that a person could type.
PYTHON ?= python3.11
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Without an NVIDIA card, PyTorch's own index for processors saves gigabytes:
#   make start TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

.PHONY: start demo check test torture bench setup setup-dev

start: setup  ## open the app on http://localhost:8501
	$(BIN)/streamlit run app.py

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
	$(BIN)/pytest
