"""What happened and why, as values: status, explain, check, and what the operator is told."""
