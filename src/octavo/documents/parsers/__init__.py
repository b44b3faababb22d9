"""One small file a format: bytes or text in, `Parsed` out. They know nothing of paths, URLs or processes."""
