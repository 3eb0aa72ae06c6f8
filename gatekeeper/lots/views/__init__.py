"""Pages of materials and lots."""
