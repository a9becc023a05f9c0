"""arXiv's interfaces: an HTTP client with rate limits, parsers, the mailing calendar, categories, identifiers."""
