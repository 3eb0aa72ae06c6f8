"""Pages of plasmids."""
