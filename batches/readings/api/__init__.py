"""REST resources of readings: frames in, sources, clocks, disputes, instrument files, mappings of logs."""
