"""One module per schema, in order. What was released is never edited."""
