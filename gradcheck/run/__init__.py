"""Runs many cases: suites, the runner that yields events, saved failures, and the harness's test of itself."""
