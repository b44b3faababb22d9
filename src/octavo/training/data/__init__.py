"""Training data: files of samples, as rows of tokens on disk, arranged in stages by length."""
