# Every target sets up what it needs: a virtual environment in .venv with the pinned, hashed requirements.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
EXAMPLE := --config deploy/example/reflexarc.toml

.PHONY: setup up demo test conformance soak test-kubernetes check format bench lock clean

setup: $(INSTALLED)

$(INSTALLED): deploy/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement deploy/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

up: $(INSTALLED)  ## everything on this machine, with the example workloads, until Ctrl-C
	$(BIN)/reflexarc $(EXAMPLE) up

demo: $(INSTALLED)  ## two incidents healed before your eyes, in a temporary folder
	$(BIN)/reflexarc $(EXAMPLE) demo

test: $(INSTALLED)  ## all tests, against a real nats-server
	$(BIN)/pytest -n 2

conformance: $(INSTALLED)  ## Prometheus' own PromQL scripts and the Sigma rules of others, where the corpora are
	$(BIN)/python -m tests.promql.conformance
	$(BIN)/python -m tests.sigma.conformance

soak: $(INSTALLED)  ## the crash tests for longer, every verb cut off everywhere, on a cluster 1,000 times, a million lines
	@seed=$${REFLEXARC_SEED:-$$(date +%s)}; echo "replay with: make soak REFLEXARC_SEED=$$seed"; \
		REFLEXARC_SEED=$$seed REFLEXARC_FUZZ_LINES=$${REFLEXARC_FUZZ_LINES:-1000000} \
			$(BIN)/pytest tests/collectors/formats/test_fuzz.py tests/actuators/conformance tests/actuators/http && \
		REFLEXARC_SEED=$$seed REFLEXARC_RUNS=$${REFLEXARC_RUNS:-1000} \
			$(BIN)/pytest tests/actuators/kubernetes/test_once.py && \
		REFLEXARC_SEED=$$seed REFLEXARC_INCIDENTS=$${REFLEXARC_INCIDENTS:-400} REFLEXARC_KILLS=$${REFLEXARC_KILLS:-200} \
			$(BIN)/pytest tests/crash

test-kubernetes: $(INSTALLED)  ## the claims about the actuator kubernetes and the collector, on the cluster of KUBECONFIG
	@test -n "$$KUBECONFIG" || { echo "skipped: set KUBECONFIG to the kubeconfig of a cluster to test on"; exit 0; }; \
		REFLEXARC_KUBECONFIG="$$KUBECONFIG" $(BIN)/pytest \
			tests/actuators/kubernetes/test_claims_*.py tests/actuators/kubernetes/test_arc.py \
			tests/collectors/kubernetes/test_claims.py

check: $(INSTALLED)  ## format, lint, types, import contracts, generated files, shipped rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m schemas.jsonschema --check
	$(BIN)/python -m engine.cli.reference --check
	$(BIN)/python -m actuators.kubernetes.permissions --check
	$(BIN)/reflexarc rules check rules
	$(BIN)/reflexarc rules test rules
	$(BIN)/reflexarc rules test --on-arrival rules

format: $(INSTALLED)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/python -m schemas.jsonschema
	$(BIN)/python -m engine.cli.reference
	$(BIN)/python -m actuators.kubernetes.permissions

bench: $(INSTALLED)  ## performance figures, each as a ratio from one run
	$(BIN)/python -m tests.bench

lock:  ## pin anew; needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --extra all --extra dev pyproject.toml --output-file deploy/requirements.txt

clean:
	rm -rf $(VENV) .reflexarc build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
