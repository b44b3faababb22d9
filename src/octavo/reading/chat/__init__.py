"""Conversations over documents, as long as one likes."""
