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
    found = [info for info in found if "ratios" in info]
    if not found:
        return
    terminalreporter.section("how long the others take")
    for info in found:
        for rival, ratio in info["ratios"].items():
            terminalreporter.write_line(
                f"{info['operation']}: {rival} takes {ratio:.2f} × ours "
                f"(medians of {info['rounds']} alternating rounds)"
            )
