"""Runs many cases: which ones, in which order, and what a run comes to.

suite            suites of cases and their addresses; `select`: `-k`; `last_failed`: `--lf`; `saved`: failing graphs
runner           takes cases, yields `events`; `asking` puts them to the subject, here or in `workers`
posed            cases in the subject's dtype; `offered`: ops that it does not have; `known_failures`: what is expected
afterthought     the search for the cause, after the last case
exit_code        what a run, a signal or an error is to the shell
selftest         the harness tests itself on the catalogue of faults
"""
