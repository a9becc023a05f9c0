# Needs Python 3.11+, venv and make. `make demo` and `make test` set up all the rest in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The tests start hundreds of processes: each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test quick thorough lint types imports unit coverage \
	counterparts counterparts-setup debian-and-npm bounce-samples bench crash fleet proofs screenshots wheel clean

demo: $(VENV)/runtime
	$(BIN)/paperboy demo --output demo-output

# The types take one core for a minute where nothing is cached; the tests use what is left.
test: lint
	$(MAKE) --no-print-directory --jobs=3 types imports unit

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

imports: $(VENV)/dev
	$(BIN)/lint-imports

# On every core; `make test WORKERS=0` runs one test after another.
WORKERS ?= auto

unit: $(VENV)/dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# The same with the branches counted that no test takes; watching every line costs more than half as long again.
coverage: $(VENV)/dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term

# What one waits for while working: all but the tests that are marked slow.
quick: lint types imports $(VENV)/dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not slow and not on_request"

# What is on request: whole months, more seeds and more examples of what `make test` shows with a few.
thorough: $(VENV)/dev
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "on_request or hypothesis" --hypothesis-profile=thorough

# Slack, Discord and mail against programs written by others; installs what is missing from Debian and npm.
counterparts: $(VENV)/dev counterparts-setup
	PAPERBOY_COUNTERPARTS=1 $(BIN)/pytest tests/counterparts

counterparts-setup: debian-and-npm bounce-samples

debian-and-npm:
	tests/counterparts/setup.sh

# flufl.bounce's samples of bounces are in its source distribution alone. Waits for the tools: they replace this pip.
bounce-samples: $(VENV)/dev
	test -d .counterparts/flufl || $(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps \
		--no-binary flufl.bounce flufl.bounce==6.0.0 --dest .counterparts/flufl

# What this machine needs for it, as ratios; SUBJECTS="topics startup" runs some.
bench: $(VENV)/bench
	$(BIN)/python -m tests.bench $(SUBJECTS)

# The program killed a thousand times at random moments; KILLS="200 7" is another number and a seed. FLEET=1: a hundred
# times one of four on one PostgreSQL, which is stopped, paused and migrated too.
crash: $(VENV)/dev
	$(BIN)/python -m tests.crash$(if $(FLEET),.fleet) $(KILLS)

# Three workers share a morning on a PostgreSQL of their own, and one is killed in the middle. Takes a minute.
fleet: $(VENV)/dev
	$(BIN)/python -m tests.app.fleet.show

# What is claimed of readers' answers, at full size: clicks under load, scanners, kill -9. Takes minutes, prints figures.
proofs: $(VENV)/dev
	$(BIN)/pytest -s -m on_request tests/proofs

# Pictures of what readers see, to be judged by eye; needs chromium (tests/counterparts/setup.sh).
screenshots: $(VENV)/dev
	$(BIN)/python -m tests.screenshots screenshots

wheel: $(VENV)/dev
	$(BIN)/python -m build --wheel --outdir dist

clean:
	rm -rf $(VENV) .counterparts build dist demo-output screenshots

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Paperboy needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)

# Two stamps, so that the demo does not wait for the developers' tools.
$(VENV)/runtime: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/bench: $(VENV)/dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	touch $@

$(VENV)/dev: $(VENV)/runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	touch $@
