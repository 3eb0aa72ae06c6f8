"""Reads of batch records, phases, yields, equipment and deviations."""
