"""What every test stands on."""

from __future__ import annotations

from hypothesis import settings

# Machines that run the tests may be slow and busy: a slow example is not a wrong one.
settings.register_profile("octavo", deadline=None)
settings.load_profile("octavo")
