"""Chat models: an OpenAI-compatible endpoint or the embedded model; tokenizers; the ledger of calls."""
