"""Benchmarks are collected only when asked for: `pytest tests/benchmarks --benchmark-only`."""


def pytest_ignore_collect(collection_path, config):
    if not config.getoption("--benchmark-only", default=False):
        return True
