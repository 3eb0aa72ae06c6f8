"""Batch records over REST."""
