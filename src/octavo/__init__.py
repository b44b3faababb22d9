"""octavo: any chat model with a short window reads documents of millions of tokens, with checked citations."""
