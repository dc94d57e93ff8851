# Every target is one line that a person could type; the set-up it needs is done first.
.PHONY: demo serve test fuzz lint bench
PYTHON ?= python3
export PIP_DISABLE_PIP_VERSION_CHECK := 1

demo: .venv/.demo ## the whole pipeline on recorded Spark campaigns, from landed files to reports
	.venv/bin/lm demo

serve: .venv/.demo ## embedded engines and the Dagster UI, on what the demo left
	.venv/bin/lm serve

test: .venv/.test ## every test, on real servers; a file at a time on each core, on four at most
	.venv/bin/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

fuzz: .venv/.test ## twenty times the hostile inputs of `make test`; the seed is printed
	LM_TEST_FUZZ_FACTOR=20 .venv/bin/python -m pytest -n logical --maxprocesses 4 --timeout 7200 lm_assets_tests/fuzz

lint: .venv/.test ## style, types and import contracts
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

bench: .venv/.test ## every figure of docs/benchmarks.md
	.venv/bin/python -m benchmarks

.venv/.demo: requirements.lock deploy/uv-requirements.lock pyproject.toml deploy/system-packages.sh deploy/python-packages.sh
	deploy/system-packages.sh demo
	PYTHON=$(PYTHON) deploy/python-packages.sh requirements.lock
	touch $@

.venv/.test: .venv/.demo requirements-dev.lock
	deploy/system-packages.sh test
	deploy/python-packages.sh requirements-dev.lock
	touch $@
