"""Documents, chunks and their index, kept on disk."""
