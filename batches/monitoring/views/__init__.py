"""Pages of monitoring: an excursion and its picture, the signals of a phase, exposures, skids, sets of rules."""
