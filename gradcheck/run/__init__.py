"""Many cases: suites, the runner that yields events, executors, baselines, configuration."""
