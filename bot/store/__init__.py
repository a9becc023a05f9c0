"""The one truth: tables, papers, outbox."""
