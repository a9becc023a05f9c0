"""Topics: the query language, matching and ranking."""
