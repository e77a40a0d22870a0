# The commands of the product, told in README.md. Nothing is needed but Python 3.11+ with venv.
.DELETE_ON_ERROR:
.PHONY: demo test pytest bench soak lock fmt messages runtime dev assets browser

export PYTHON ?= python3
PY := .venv/bin/python
# Tests and measurements have services of their own, never the demo's.
TEST_DATA := $(or $(PRM_DATA_DIR),$(CURDIR)/.prm)-test
BENCH_DATA := $(or $(PRM_DATA_DIR),$(CURDIR)/.prm)-bench
SOAK_DATA := $(or $(PRM_DATA_DIR),$(CURDIR)/.prm)-soak
MESSAGES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))

demo: runtime $(MESSAGES)
	@exec $(PY) -m prm.embedded demo --meanwhile "$(MAKE) --no-print-directory assets"

test: dev assets browser $(MESSAGES)
	@PRM_DATA_DIR="$(TEST_DATA)" PRM_TESTING=1 $(PY) -m prm.embedded run --scratch -- tests/checks $(ARGS)

# Only the tests, or some: make pytest ARGS="tests/deals -k protection"
pytest: dev assets browser $(MESSAGES)
	@PRM_DATA_DIR="$(TEST_DATA)" PRM_TESTING=1 $(PY) -m prm.embedded run --scratch -- $(PY) -m pytest $(ARGS)

bench: dev assets $(MESSAGES)
	@PRM_DATA_DIR="$(BENCH_DATA)" $(PY) -m prm.embedded run -- $(PY) -m benchmarks $(ARGS)

# Kills processes at random under load and looks for what is lost or doubled: make soak ARGS="--minutes 2"
soak: dev assets $(MESSAGES)
	@PRM_DATA_DIR="$(SOAK_DATA)" $(PY) -m benchmarks.soak $(ARGS)

lock: .venv/.runtime
	@requirements/lock

fmt: dev
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format --quiet .
	@find templates -name '*.html' -exec $(PY) -m djhtml --tabwidth 2 {} +

# Collects the texts of code and templates into locale/*.po.
messages: dev
	@PRM_DATA_DIR="$(TEST_DATA)" $(PY) -m prm.embedded run --scratch -- $(PY) manage.py collect_messages

# What the commands above need; each is quick when nothing changed -------------------------------------------------------------

runtime: .venv/.runtime
dev: .venv/.dev

.venv/.runtime: requirements/install requirements/runtime.txt requirements/embedded.txt
	@requirements/install requirements/runtime.txt requirements/embedded.txt
	@touch $@

.venv/.dev: requirements/install requirements/dev.txt
	@requirements/install requirements/dev.txt
	@touch $@ .venv/.runtime

# Node comes from a wheel where the machine has no npm.
assets: $(if $(shell command -v npm),,.venv/.node)
	@$(PY) frontend/build.py

.venv/.node: requirements/install requirements/node.txt
	@requirements/install requirements/node.txt
	@touch $@

%.mo: %.po
	@.venv/bin/pybabel --quiet compile --input-file $< --output-file $@

# Browser tests use PRM_CHROMIUM or a Chromium in PATH; root may install one. Without any they are skipped and say so.
browser:
	@[ -n "$$PRM_CHROMIUM" ] || command -v chromium chromium-browser google-chrome >/dev/null || [ "$$(id -u)" != 0 ] \
	|| ! command -v apt-get >/dev/null || { echo "Installing Chromium for the browser tests …"; \
	(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium) >/dev/null 2>&1 \
	|| echo "Chromium could not be installed."; }
