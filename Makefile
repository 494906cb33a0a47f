# What CI runs: `make check` and `make test`. `make help` lists the targets.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 is needed: install it, or say which with PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: say which with PYTHON=/path/to/python" >&2; exit 1; }
	@echo "setting up the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

.PHONY: venv
venv: $(STAMP) ## Set up the virtual environment from the lock file

.PHONY: demo
demo: venv ## Start the system and take a real letter from arrival to publication
	@$(BIN)/jauap demo

.PHONY: tools
tools: ## Install what the tests call: kcat, Maven, a JDK, curl; podman where no Docker answers
	@missing=; for tool in kcat mvn javac curl; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	[ "$$(id -u)" != 0 ] || docker info >/dev/null 2>&1 || for tool in podman buildah runc mmdebstrap netavark aardvark-dns iptables; do \
	  PATH=$$PATH:/usr/sbin:/usr/lib/podman command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
	[ -z "$$missing" ] && exit 0; \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || { \
	  echo "missing:$$missing. The tests call them: install them (mvn is maven, javac default-jdk-headless), or Docker" >&2; exit 1; }; \
	echo "installing what the tests call:$$missing"; \
	apt-get update -qq && apt-get install -y -qq --no-install-recommends \
	  $$(echo $$missing | sed 's/mvn/maven/; s/javac/default-jdk-headless/') >/dev/null

.PHONY: image
image: venv tools ## Build the container image, and what its tests stand it on where no image can be pulled
	@$(BIN)/python -m tests.containers.engine

.PHONY: test
test: venv tools ## Run the tests (not those of make long), on the real broker, registry and database
	@# Containers are mostly waited for: their tests run beside the others, and are shown after them.
	@$(BIN)/python -m pytest tests/containers tests/deploy >$(VENV)/beside.log 2>&1 & beside=$$!; \
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder \
	  --ignore tests/containers --ignore tests/deploy; status=$$?; \
	wait $$beside || status=1; cat $(VENV)/beside.log; exit $$status

.PHONY: long
long: venv tools ## Run the tests of what tests: that the judge finds each promise broken, the attack's tools, a quick run of the figures
	@$(BIN)/python -m pytest -m long --numprocesses 2 --dist loadfile

.PHONY: faults
faults: venv ## Attack the system and judge what it kept (SEED=7 SECONDS=600 KIND="kill split" BROKERS=3 BROKEN=pipelines)
	@$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) \
	  $(foreach kind,$(KIND),--kind $(kind)) $(if $(BROKERS),--brokers $(BROKERS)) $(if $(BROKEN),--broken $(BROKEN))

.PHONY: bench
bench: venv ## Measure how fast it is, next to what is possible on this machine (about half an hour)
	@$(BIN)/python -m bench

.PHONY: check
check: venv ## Format, lint, types, import contracts, schemas
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/contracts --ignore tests/contracts/test_codec.py -m "not kafka and not long"

.PHONY: format
format: venv ## Put the code in its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

LOCK = $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --no-header --no-emit-index-url --python-version 3.11

.PHONY: lock
lock: venv ## Renew the lock files from pyproject.toml (KEEP=1: change only what it asks for)
	$(LOCK) $(if $(KEEP),,--upgrade) --extra dev pyproject.toml --output-file requirements.lock
	@sed -nE 's/^([a-z0-9.-]+==[^ ]+).*/\1/p' requirements.lock >$(VENV)/pinned
	$(LOCK) --constraint $(VENV)/pinned --extra s3 pyproject.toml --output-file deploy/image/runtime.lock
	$(LOCK) --constraint $(VENV)/pinned --group image-build --output-file deploy/image/build.lock

.PHONY: clean
clean: ## Remove the virtual environment and caches (not the data in .jauap)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
