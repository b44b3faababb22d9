"""A file, folder or URL becomes a Document; a Document becomes Chunks."""
