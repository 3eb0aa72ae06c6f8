"""``python -m batches.readings.collector CONFIG``: a collector on a machine that has none of the site's settings."""

import argparse
import logging
import sys
from pathlib import Path

from batches.readings.collector.running import NothingCollectedError, refused, run

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
parser = argparse.ArgumentParser(prog="collector", description="Collect the readings of a skid's OPC UA server.")
parser.add_argument("config", type=Path, help="TOML, see docs/how-to/integrator.md")
parser.add_argument("--refused", action="store_true", help="list what the service refused, and end")
asked = parser.parse_args()
try:
    if asked.refused:
        sys.stdout.writelines(f"{line}\n" for line in refused(asked.config))
    else:
        run(asked.config)
except NothingCollectedError as fault:
    sys.exit(str(fault))
