"""Settings that every test shares."""

import os

from hypothesis import settings

# Figures are drawn to files; a display must never be asked for.
os.environ["MPLBACKEND"] = "Agg"

# The same examples every time, and no failure because the machine was busy.
settings.register_profile("longcount", derandomize=True, deadline=None)
settings.load_profile("longcount")
