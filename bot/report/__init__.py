"""Reports as values: status, explain, check, preview, and the operator's alerts."""
