"""Text becomes terms; rankings of chunks are fused."""
