"""Pages of excursions: an excursion with its chart, the signals of a phase, exposure, live values, sets of rules."""
