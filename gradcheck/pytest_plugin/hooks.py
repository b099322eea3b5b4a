"""What pytest calls. In a project that does not use gradcheck it looks at names of files, and imports no NumPy.

What the functions need is imported in them: pytest imports this module in every project, and compiles it anew wherever
its own bytecode is not kept (see `_compiled_as_it_is`).
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradcheck.pytest_plugin.fixture_checks import Checks
    from gradcheck.pytest_plugin.plugin_settings import PluginSettings

MARKER = (
    "gradcheck(**options): defaults, such as interest= or domain=, for the checks that the test makes through the "
    "fixture gradcheck; the test fails if it compared nothing"
)
READ = pytest.StashKey[bool]()
"""Whether the session has settings to read."""


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The plugin's options."""
    _compiled_as_it_is(pluginmanager)
    from gradcheck.pytest_plugin.plugin_options import add_options

    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings, and see that the listed suites are collected where pytest was not told what to collect."""
    from gradcheck.pytest_plugin.plugin_options import something_is_set
    from gradcheck.pytest_plugin.suite_tally import SuiteTally

    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(SuiteTally(), "gradcheck-tally")
    config.stash[READ] = something_is_set(config)
    if not config.stash[READ]:
        return
    _keep_baseline(config)
    suites = _settings(config).suites
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        below = [Path(config.invocation_params.dir, argument) for argument in config.args]
        config.args.extend(str(suite) for suite in suites if not any(suite.is_relative_to(path) for path in below))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The subject and the seed, where they are given, and what looks like a misspelt variable of the environment."""
    if not config.stash[READ]:
        return []
    settings = _settings(config)
    parts = [f"subject {settings.values['subject']}"] if settings.values["subject"] else []
    parts += [f"seed {settings.seed}"] if settings.seed is not None else []
    lines = ([", ".join(parts)] if parts else []) + list(settings.values.remarks)
    return [f"gradcheck: {line}" for line in lines]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the seed to a worker of pytest-xdist."""
    if node.config.stash[READ]:
        from gradcheck.pytest_plugin.plugin_options import SEED_OF_SESSION

        node.workerinput[SEED_OF_SESSION] = _settings(node.config).seed


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A suite, if the file is one."""
    from gradcheck.pytest_plugin.plugin_options import named_like_suite

    config = parent.config
    if not (config.stash[READ] or named_like_suite(file_path)) or not _settings(config).is_suite(file_path):
        return None
    from gradcheck.pytest_plugin.suite_items import SuiteFile

    return SuiteFile.from_parent(parent, path=file_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A marker with an option that does not exist keeps its file from being collected."""
    _look_at_marker(metafunc.definition)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Listen to the test's checks."""
    from gradcheck.pytest_plugin.asked_tests import heard

    with heard(item):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test begins, or begins again; one of unittest's was not generated."""
    from gradcheck.pytest_plugin.asked_tests import forget

    forget(item)
    _look_at_marker(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test that asked for gradcheck has to compare something."""
    from gradcheck.pytest_plugin.asked_tests import lacking

    result = yield
    if (sentence := lacking(item)) is not None:
        pytest.fail(sentence, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, object]:
    """Show gradcheck's report in place of a traceback."""
    report = yield
    if report.outcome == "failed" and call.excinfo is not None and "gradcheck.verdict.result" in sys.modules:
        from gradcheck.pytest_plugin.asked_tests import checks_of
        from gradcheck.pytest_plugin.failure_repr import add_failed_checks, with_report

        report.longrepr = with_report(report.longrepr, call.excinfo)
        add_failed_checks(report, call.excinfo, checks_of(item))
    return report


@pytest.fixture(scope="session", name="gradcheck")
def checks(pytestconfig: pytest.Config) -> Checks:
    """Every check as a method: gradcheck.vjp(f, vjp, x) is gradcheck.assert_vjp(f, vjp, x).

    The test's marker @pytest.mark.gradcheck(interest=1e-3) and --gradcheck-seed set what a call leaves open.
    """
    from gradcheck.pytest_plugin.asked_tests import MADE
    from gradcheck.pytest_plugin.fixture_checks import Checks

    pytestconfig.stash[MADE] = made = Checks(pytestconfig)
    return made


def _keep_baseline(config: pytest.Config) -> None:
    """Record or compare the checks of this session, if that was asked for."""
    from gradcheck.pytest_plugin.plugin_options import BASELINE_OPTION

    if (action := config.getoption(BASELINE_OPTION)) is None:
        return
    from gradcheck.errors import GradcheckError
    from gradcheck.pytest_plugin.baseline_session import BaselineSession, baseline_path

    settings = _settings(config)
    try:
        session = BaselineSession(config, action, baseline_path(config, settings.values), settings)
    except GradcheckError as wrong:
        raise pytest.UsageError(f"gradcheck: {wrong}") from wrong
    config.pluginmanager.register(session, "gradcheck-baseline")


def _look_at_marker(node: pytest.Item) -> None:
    if node.get_closest_marker("gradcheck") is None:
        return
    from gradcheck.errors import GradcheckError
    from gradcheck.pytest_plugin.marker_options import marker_options

    try:
        marker_options(node)
    except GradcheckError as wrong:
        pytest.fail(str(wrong), pytrace=False)


def _settings(config: pytest.Config) -> PluginSettings:
    """The session's settings; pytest ends with a sentence for those that are wrong."""
    from gradcheck.errors import GradcheckError
    from gradcheck.pytest_plugin.plugin_settings import settings_of

    try:
        return settings_of(config)
    except GradcheckError as wrong:
        raise pytest.UsageError(f"gradcheck: {wrong}") from wrong


def _compiled_as_it_is(pluginmanager: pytest.PytestPluginManager) -> None:
    """Keep pytest from rewriting the asserts of gradcheck, as it does for every package that has a plugin.

    None of them is a test's. Rewriting compiles all of gradcheck anew in each fresh environment, for seconds.
    """
    marked = getattr(pluginmanager.rewrite_hook, "_must_rewrite", None)  # pytest has no public way
    if isinstance(marked, set):
        marked.discard("gradcheck")
