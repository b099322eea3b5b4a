"""Which settings are in effect, and where does each come from?

`settings_table.py` is the table of settings, with what each takes. `value_kinds.py` reads a value from a flag, an
environment variable or TOML. `pyproject.py` finds and reads `[tool.gradcheck]`. `expectation.py` is an entry of
`expect`. `effective.py` puts the sources together: flags come before the environment, which comes before the file and
the defaults. Importing this room costs little: pytest's plugin does it in every project.
"""
