"""A training as it runs: its folder on disk, what it tells, its picture, and Ctrl-C."""
