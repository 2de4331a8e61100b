"""Settings that every test shares."""

from hypothesis import settings

# The same examples every time, and no failure because the machine was busy.
settings.register_profile("longcount", derandomize=True, deadline=None)
settings.load_profile("longcount")
