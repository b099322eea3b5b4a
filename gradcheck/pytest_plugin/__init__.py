"""How are gradients guarded by pytest? The plugin that pytest loads by the entry point `gradcheck`.

hooks            what pytest calls; it costs next to nothing in a project that does not use gradcheck
plugin_options   what can be set, and whether anything is
plugin_settings  the settings in effect, which suites they name, the session's seed
suite_items      suites as tests: a file of cases, an item for each
suite_session    what the items of one session share: subject, time for diagnosis, patience
suite_tally      a session whose suites compared nothing is no success
asked_tests      what a test compared; one that asked for gradcheck and compared nothing fails
fixture_checks   the fixture `gradcheck`
marker_options   the options of `@pytest.mark.gradcheck`
baseline_session the checks of a session, recorded and compared; `tests_asked_for`: which of them should have been made
failure_repr     failures shown by gradcheck's report in place of a traceback
"""
