# demo: the whole chain on the example app · test: everything, on a real server · check: what CI checks beside it
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# test POSTGRES=15: what depends on the server's version, on that one; without, everything, on the embedded 18.
POSTGRES ?=
SERVER_TESTS := tests/snapshot --ignore tests/snapshot/test_damaged_files.py tests/test_database.py \
	tests/test_pooler.py tests/checks/test_checks_on_a_server.py tests/remedies tests/probe tests/proof tests/logs
# test-versions VERSIONS="13 17": on these, one after the other.
VERSIONS ?= 13 14 15 16 17
# test-newest SQLALCHEMY=2.0: with the newest of that series.
SQLALCHEMY ?=
NEWEST := build/newest$(SQLALCHEMY)
OLDEST := build/oldest
UV := build/uv/bin/uv
TYPING_TESTS := $(wildcard runtime/tests/typing/*.py)
# Tests mostly wait: for servers to start, for locks and clocks; on the older servers for counters, too, half a second each.
PYTEST := -m pytest -n $(if $(POSTGRES),6,3) --dist loadgroup

.PHONY: demo test test-versions test-newest test-oldest check bench bench-advisor bench-chat bench-fix bench-import bench-life bench-migrations bench-queries bench-safe bench-worth docs golden mutants clean

demo: $(VENV)/demo.stamp
	$(BIN)/python examples/notebook/demo.py

test: $(VENV)/dev.stamp $(VENV)/programs.stamp $(if $(POSTGRES),build/postgres/$(POSTGRES)/bin/postgres)
	POSTGRES=$(POSTGRES) $(BIN)/python $(PYTEST) $(if $(POSTGRES),$(SERVER_TESTS))

# What depends on the server's version, on every one before the embedded 18.
test-versions:
	set -e; for version in $(VERSIONS); do $(MAKE) --no-print-directory test POSTGRES=$$version; done

# The newest versions that pyproject.toml allows, whatever constraints.txt says.
test-newest: $(NEWEST)/stamp $(VENV)/programs.stamp
	$(NEWEST)/bin/python $(PYTEST)

# The oldest versions that both pyproject.toml allow; what only tests and examples need is new.
test-oldest: $(OLDEST)/stamp $(VENV)/programs.stamp
	$(OLDEST)/bin/python $(PYTEST)
	$(OLDEST)/bin/mypy --cache-dir $(OLDEST)/.mypy_cache --follow-imports silent $(TYPING_TESTS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd examples/notebook && ../../$(BIN)/mypy --config-file ../../pyproject.toml .
	cd examples/fleet && ../../$(BIN)/mypy --config-file ../../pyproject.toml .
	cd examples/chat && ../../$(BIN)/mypy --config-file ../../pyproject.toml .
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(MAKE) docs

docs: $(VENV)/dev.stamp
	$(BIN)/python scripts/build_docs.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(VENV)/dev.stamp
	$(BIN)/python bench/large_schema.py
	$(BIN)/python bench/large_workload.py

# Makes TPC-H and TPC-DS once (2 minutes, 6 GB in build/bench/tpc); then about 15 minutes.
bench-advisor: $(VENV)/bench.stamp
	$(BIN)/python bench/advisor.py

# The runtime for queries and the fleet app; about 15 minutes, 3 GB in the temporary folder.
bench-queries: $(VENV)/dev.stamp
	$(BIN)/python bench/queries.py

# Trust: attacks, remedies, what is lost, the twin on 13 to 18, keyset paging. Half an hour and more on idle cores.
bench-safe: $(VENV)/bench.stamp $(VENV)/dev.stamp $(VERSIONS:%=build/postgres/%/bin/postgres)
	$(BIN)/python bench/safe.py

# Worth: findings on the apps of tests/worth/corpus, an end to the advice, lengths of report and demo, proofs, 10,000 tables,
# risks on TPC. An hour and more on idle cores; TPC as for bench-advisor.
bench-worth: $(VENV)/bench.stamp $(VENV)/dev.stamp
	$(BIN)/python bench/worth.py

# Fix: models of every form patched, the pull requests for the notebook and the fleet app, keys as uuid, 200,000 lines searched.
# About 5 minutes.
bench-fix: $(VENV)/dev.stamp
	$(BIN)/python bench/fix.py

# The life of data: soft delete, retention, erasure, jobs. About half an hour, 10 GB in the temporary folder.
bench-life: $(VENV)/dev.stamp
	$(BIN)/python bench/life.py

# Migrations: lint on a planted chain, locks, durations, the runner, backfills, keys changed online. About an hour, 10 GB in the
# temporary folder.
bench-migrations: $(VENV)/bench.stamp $(VENV)/dev.stamp
	$(BIN)/python bench/migrations.py

# Caches, limits, breakers and the chat app: stale reads while processes and Valkey are killed, what a hit costs, what a limit
# lets through, outages of the database and of Valkey, what visitors notice, the widget. About 20 minutes.
bench-chat: $(VENV)/bench.stamp $(VENV)/dev.stamp
	$(BIN)/python bench/chat.py

# CPU time of importing the runtime beyond SQLAlchemy's.
bench-import: $(VENV)/dev.stamp
	$(BIN)/python bench/import_runtime.py

# 250 small changes of the code, each of which a test has to notice; under an hour on 2 cores.
mutants: $(VENV)/dev.stamp
	$(BIN)/python -m scripts.mutants

golden: $(VENV)/dev.stamp
	PGWRIGHT_UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests/report

clean:
	rm -rf build site dist

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Versions that were tested together stand in constraints.txt; pyproject.toml states the oldest ones that do.
# By name, so that both can be editable: see hatch_build.py.
$(VENV)/demo.stamp: pyproject.toml runtime/pyproject.toml hatch_build.py constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	PGWRIGHT_BY_NAME=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group examples -e ./runtime -e .
	touch $@

$(VENV)/bench.stamp: $(VENV)/demo.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group bench
	touch $@

$(VENV)/dev.stamp: $(VENV)/demo.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group dev
	touch $@

$(UV):
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet --disable-pip-version-check uv

$(NEWEST)/stamp: pyproject.toml runtime/pyproject.toml hatch_build.py | $(UV)
	$(PYTHON) -m venv --clear $(NEWEST)
	PGWRIGHT_BY_NAME=1 $(UV) pip install --quiet --python $(NEWEST) --group dev \
		-e ./runtime -e . $(if $(SQLALCHEMY),"sqlalchemy==$(SQLALCHEMY).*")
	touch $@

$(OLDEST)/stamp: pyproject.toml runtime/pyproject.toml hatch_build.py | $(UV)
	$(PYTHON) -m venv --clear $(OLDEST)
	printf '%s\n' "-e ./runtime[alembic,fastapi,metrics]" "-e ." | PGWRIGHT_BY_NAME=1 $(UV) pip compile --quiet \
		--python $(OLDEST) --resolution lowest-direct --output-file $(OLDEST)/pins.txt -
	PGWRIGHT_BY_NAME=1 $(UV) pip install --quiet --python $(OLDEST) --group dev --requirement $(OLDEST)/pins.txt
	touch $@

build/postgres/%/bin/postgres:
	$(PYTHON) scripts/fetch_postgres.py $*

# PgBouncer, for the tests behind a pooler, git, and Chromium, for those of the chat widget, where apt and root are at
# hand; elsewhere those tests are skipped. Prometheus, for the tests of alerts, and Redis, for those of TLS, are unpacked
# only, as anybody may: installed, they would start.
UNPACKED := prometheus redis-server redis-tools libatomic1 libjemalloc2 liblzf1
$(VENV)/programs.stamp: Makefile | $(BIN)/python
	@PATH="$$PATH:/usr/sbin"; missing=; unpacked=; \
	for program in pgbouncer git chromium; do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	for program in promtool redis-server; do command -v $$program >/dev/null || unpacked="$(UNPACKED)"; done; \
	[ -z "$$missing$$unpacked" ] || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || apt-get update -qq; \
	for program in $$missing; do \
	[ "$$(id -u)" = 0 ] && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$program || \
	echo "not installed, so its tests will be skipped: $$program"; done; \
	[ -z "$$unpacked" ] || { mkdir -p build/programs && cd build/programs && apt-get download -qq $$unpacked 2>/dev/null && \
	for package in *.deb; do dpkg-deb -x "$$package" . && rm "$$package"; done; } || \
	echo "not unpacked, so their tests will be skipped: $$unpacked"
	@touch $@
