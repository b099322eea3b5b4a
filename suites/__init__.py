"""The suites that ship with gradcheck; each file is a list of cases and can be read on its own."""
