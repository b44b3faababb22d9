"""The model that is trained: its shape, how far its positions reach, and loading it."""
