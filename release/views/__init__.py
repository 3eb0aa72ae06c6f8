"""Pages of release."""
