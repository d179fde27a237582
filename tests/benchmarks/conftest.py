"""Benchmarks run only when asked for: `pytest tests/benchmarks --benchmark-only`."""

import pytest


def pytest_ignore_collect(collection_path, config):
    if not config.getoption("--benchmark-only", default=False):
        return True


def pytest_report_header(config):
    if config.getoption("--benchmark-only", default=False):
        return "benchmarks: about 7 minutes on two cores"


@pytest.hookimpl(trylast=True)  # after the tables of pytest-benchmark
def pytest_terminal_summary(terminalreporter, config):
    """Prints, a line each, what the benchmarks have recorded."""
    session = getattr(config, "_benchmarksession", None)
    found = [bench.extra_info for bench in getattr(session, "benchmarks", ())]
    for info in (info for info in found if "told" in info):
        terminalreporter.section(f"{info['operation']}, {info['rounds']} turns each")
        for name, words in info["told"].items():
            terminalreporter.write_line(", ".join([f"{name}: {words[0]}", *words[1:]]))
