"""`octavo eval`: one file for each of its verbs."""
