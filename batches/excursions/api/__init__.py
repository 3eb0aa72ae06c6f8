"""REST resources of excursions: rule sets, alarms, exposure, envelopes and excursions of a batch record."""
