# Two commands do everything: `make lab` opens the course, `make test` checks it. The first of them makes .venv.
# Other Python:  make lab PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
# Threads that wait spin for a moment only: spinning on, they make torch many times slower on a busy machine.
export GOMP_SPINCOUNT ?= 2000
HUB_CONFIG := aecourse/assets/jupyter/jupyterhub_config.py
HUB_READY := .venv/.installed-class
# Two processes of one thread each; tests/conftest.py says which tests stay together, and which come first.
UNIT := OMP_NUM_THREADS=1 AECOURSE_THREADS=1 $(BIN)/python -m pytest tests --ignore tests/browser \
  -p no:nbval -n 2 --no-loadscope-reorder

.PHONY: help lab doctor report report-class demo site slides class class-trial check test lint unit browser notebooks-test fuzz bench notebooks \
  images weights controls lowest clean

help:
	@echo "make lab          open the course in JupyterLab"
	@echo "make doctor       check this installation"
	@echo "make report       your predictions and answers on one page, build/report.html (NAME=\"…\" puts your name on it)"
	@echo "make report-class the reports of many in one table, build/class-report.html and .csv (FOLDER=… holds a folder a learner)"
	@echo "make demo         the demo board for a projector, as a page of its own"
	@echo "make site         the whole course as a site that needs no Python, in build/site (REPO=owner/name adds Colab and Binder)"
	@echo "make slides       all notebooks as slides, in build/slides (NAMES=\"03 05\" for some)"
	@echo "make class        try out a class on this machine: JupyterHub, a login and a folder for each student"
	@echo "make check        for every edit, a minute and a half: lint, layers, unit tests"
	@echo "make test         run every test: also in a browser, and every notebook; twelve minutes"
	@echo "make bench        measure training, sliders, memory, start-up and notebooks (ONLY=\"explorers memory\" for some)"
	@echo "make fuzz         the property tests on other random inputs each time"
	@echo "make class-trial  eight students at once in a real browser: what a class costs; prints one table"
	@echo "make notebooks    run all notebooks and store their outputs"
	@echo "make images       draw the diagrams again"
	@echo "make weights      train the shipped networks again (about an hour)"
	@echo "make controls     what the headline statements are measured against: what is missing (NAMES=\"01 03\" for some)"
	@echo "make lowest       run the unit tests on the oldest packages pyproject.toml allows (needs uv)"
	@echo "make clean        remove .venv and what was built, but not the work of a class"

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "aecourse needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 1; }
	@if command -v uv >/dev/null; then \
	  echo "Installing into .venv with uv"; : "bytecode too: each notebook then starts five seconds sooner"; \
	  uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv && \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python -e '.[test]'; \
	else \
	  echo "Installing into .venv with pip; the first time this takes some minutes"; \
	  $(PYTHON) -m venv .venv || { echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'; \
	fi
	@touch $@

lab: $(READY)
	$(BIN)/aecourse lab

demo: $(READY)
	$(BIN)/aecourse demo

site: $(READY)
	$(BIN)/aecourse site $(if $(REPO),--repository "$(REPO)")

$(HUB_READY): $(READY)
	@echo "Installing JupyterHub and its proxy into .venv"
	@if command -v uv >/dev/null; then \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python -e '.[class]'; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[class]'; \
	fi
	@$(BIN)/npm install --global --prefix .venv --no-audit --no-fund --fetch-retries=1 --loglevel=error 'configurable-http-proxy@^5' || \
	  { echo "The hub's proxy comes over the network, once, from npm: look at the connection, then call this again"; exit 1; }
	@touch $@

class: $(HUB_READY)
	$(BIN)/jupyterhub --config=$(HUB_CONFIG)

class-trial: $(HUB_READY)
	$(BIN)/python tests/benchmarks/class_trial.py

test: lint unit browser notebooks-test

check: lint
	$(UNIT) -m "not slow"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

unit: $(READY)
	$(UNIT)

browser: $(READY)
	$(BIN)/python -m pytest tests/browser

notebooks-test: $(READY)
	$(BIN)/python tests/notebooks.py

fuzz: $(READY)
	AECOURSE_PROFILE=random $(UNIT) -m hypothesis

bench: $(READY)
	$(BIN)/python tests/benchmarks/run.py $(ONLY)

doctor: $(READY)
	$(BIN)/aecourse doctor

notebooks: $(READY)
	$(BIN)/python tests/notebooks.py --store

slides: $(READY)
	$(BIN)/python -m aecourse.classroom.slides $(NAMES)

report: $(READY)
	$(BIN)/aecourse report $(if $(filter command,$(origin NAME)),--name "$$NAME")

report-class: $(READY)
	$(if $(FOLDER),,$(error Say where the folders of the learners are: make report-class FOLDER=…))
	$(BIN)/aecourse report --class "$(FOLDER)"

images: $(READY)
	$(BIN)/python images/draw.py

weights: $(READY)
	$(BIN)/python -m aecourse.zoo.recipes

controls: $(READY)
	$(BIN)/python tests/controls/bench.py $(NAMES)

lowest:
	uv venv --quiet --allow-existing build/lowest
	uv pip install --quiet --python build/lowest/bin/python --resolution lowest-direct -e '.[test]'
	build/lowest/bin/python -m pytest tests --ignore tests/browser

clean:
	rm -rf .venv *.egg-info $(filter-out build/class,$(wildcard build/*))
