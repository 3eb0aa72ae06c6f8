"""Pages of batch records."""
