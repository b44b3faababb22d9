"""`octavo train` and `octavo export`, and what came out of them as a model."""
