"""arXiv's interfaces: polite HTTP, pure parsers, the mailing calendar."""
