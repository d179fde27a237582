"""Benchmarks run only when asked for: `pytest tests/benchmarks --benchmark-only`."""

import pytest


def pytest_ignore_collect(collection_path, config):
    if not config.getoption("--benchmark-only", default=False):
        return True


@pytest.hookimpl(trylast=True)  # after the tables of pytest-benchmark
def pytest_terminal_summary(terminalreporter, config):
    """Prints, a line each, what `test_speed.compare` has recorded."""
    session = getattr(config, "_benchmarksession", None)
    found = [bench.extra_info for bench in getattr(session, "benchmarks", ())]
    for info in (info for info in found if "seconds" in info):
        terminalreporter.section(f"{info['operation']}, {info['rounds']} turns each")
        ours = info["seconds"]["ours"]
        for name, seconds in info["seconds"].items():
            line = f"{name}: {seconds:.3f} s, {seconds / ours:.2f} × ours"
            terminalreporter.write_line(line)
