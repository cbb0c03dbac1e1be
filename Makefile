# Two commands do everything: `make lab` opens the course, `make test` checks it. The first of them makes .venv.
# Other Python:  make lab PYTHON=python3.12       Without the CUDA libraries:  make lab TORCH=cpu

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
TESTED := .venv/.installed-test
# See aecourse/__init__.py.
export GOMP_SPINCOUNT ?= 2000
ifneq ($(shell command -v uv 2>/dev/null),)
  MAKE_VENV = uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv
  INSTALL = uv pip install --quiet --compile-bytecode --python $(BIN)/python
else
  MAKE_VENV = $(PYTHON) -m venv .venv || { echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }
  INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif
# Two processes of one thread each; tests/conftest.py says which tests stay together, and which come first.
UNIT := OMP_NUM_THREADS=1 AECOURSE_THREADS=1 $(BIN)/python -m pytest tests --ignore tests/browser \
  -p no:nbval -n 2 --no-loadscope-reorder

.PHONY: help lab doctor report report-class demo site class class-trial check test lint unit browser notebooks-test fuzz soak seeds bench notebooks \
  images weights controls platforms lowest clean

help:
	@echo "make lab          open the course in JupyterLab (TORCH=cpu installs PyTorch without the CUDA libraries)"
	@echo "make doctor       check this installation"
	@echo "make report       your predictions and answers on one page, build/report.html (NAME=\"…\" puts your name on it)"
	@echo "make report-class the reports of many in one table, build/class-report.html and .csv (FOLDER=… holds a folder a learner)"
	@echo "make demo         the demo board for a projector, as a page of its own"
	@echo "make site         the whole course as a site that needs no Python, in build/site (REPO=owner/name adds Colab and Binder)"
	@echo "make class        try out a class on this machine: JupyterHub, a login and a folder for each student"
	@echo "make check        for every edit, a minute and a half: lint, layers, unit tests"
	@echo "make test         run every test: also in a browser, and every notebook; twelve minutes"
	@echo "make bench        measure training, sliders, memory, start-up and notebooks (ONLY=\"explorers memory\" for some)"
	@echo "make fuzz         the property tests on other random inputs each time"
	@echo "make soak         many faults of every kind; writes docs/reliability.md (half an hour; NAMES=\"…\" for some)"
	@echo "make seeds        run the notebooks with five other seeds: does every claim hold? (two hours)"
	@echo "make class-trial  eight students at once in a real browser: what a class costs; prints one table"
	@echo "make notebooks    run all notebooks and store their outputs"
	@echo "make images       draw the diagrams again"
	@echo "make weights      train the shipped networks again (about an hour)"
	@echo "make controls     what the headline statements are measured against: what is missing (NAMES=\"01 03\" for some)"
	@echo "make platforms    can everything be installed on each system and Python we name? (needs uv)"
	@echo "make lowest       run the unit tests on the oldest packages pyproject.toml allows (needs uv)"
	@echo "make clean        remove .venv and what was built, but not the work of a class"

$(READY): pyproject.toml
	@$(PYTHON) aecourse/machine.py
	@echo "Installing into .venv; the first time this takes some minutes"
	@$(MAKE_VENV)
	@$(if $(filter cpu,$(TORCH)),$(INSTALL) torch torchvision --index-url https://download.pytorch.org/whl/cpu)
	@$(INSTALL) -e .
	@touch $@

.venv/.installed-%: $(READY)
	@$(INSTALL) -e '.[$*]'
	@touch $@

lab: $(READY)
	$(BIN)/aecourse lab

demo: $(READY)
	$(BIN)/aecourse demo

site: .venv/.installed-site
	$(BIN)/aecourse site $(if $(REPO),--repository "$(REPO)")

class: .venv/.installed-class
	$(BIN)/aecourse class

class-trial: .venv/.installed-class $(TESTED)
	$(BIN)/python tests/benchmarks/class_trial.py

test: lint unit browser notebooks-test

check: lint
	$(UNIT) -m "not slow"

lint: $(TESTED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

unit: $(TESTED)
	$(UNIT)

browser: $(TESTED)
	$(BIN)/python -m pytest tests/browser

notebooks-test: $(TESTED)
	$(BIN)/python tests/notebooks.py

fuzz: $(TESTED)
	AECOURSE_PROFILE=random $(UNIT) -m hypothesis

soak: $(TESTED)
	$(BIN)/python tests/trust/soak.py $(NAMES)

seeds: $(TESTED)
	$(BIN)/python tests/trust/seeds.py $(NAMES)

bench: $(TESTED)
	$(BIN)/python tests/benchmarks/run.py $(ONLY)

doctor: $(READY)
	$(BIN)/aecourse doctor

notebooks: $(TESTED)
	$(BIN)/python tests/notebooks.py --store

report: $(READY)
	$(BIN)/aecourse report $(if $(filter command,$(origin NAME)),--name "$$NAME")

report-class: $(READY)
	$(if $(FOLDER),,$(error Say where the folders of the learners are: make report-class FOLDER=…))
	$(BIN)/aecourse report --class "$(FOLDER)"

images: $(TESTED)
	$(BIN)/python images/draw.py

weights: $(READY)
	$(BIN)/python -m aecourse.zoo.recipes

controls: $(TESTED)
	$(BIN)/python tests/controls/bench.py $(NAMES)

platforms: $(READY)
	$(BIN)/python tests/platforms.py

lowest:
	uv venv --quiet --allow-existing build/lowest
	uv pip install --quiet --python build/lowest/bin/python --resolution lowest-direct -e '.[test]'
	build/lowest/bin/python -m pytest tests --ignore tests/browser

clean:
	rm -rf .venv *.egg-info $(filter-out build/class,$(wildcard build/*))
