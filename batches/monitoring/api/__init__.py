"""REST resources of monitoring: readings in, sources and rule sets, envelopes and excursions out."""
