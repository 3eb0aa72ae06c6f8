"""Pages of readings: skids and their tags, instrument files, mappings of logs, disputed frames."""
