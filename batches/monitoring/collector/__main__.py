"""``python -m batches.monitoring.collector CONFIG``: a collector on a machine that has none of the site's settings."""

import argparse
import logging
import sys
from pathlib import Path

from batches.monitoring.collector.running import NothingCollectedError, run

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
parser = argparse.ArgumentParser(prog="collector", description="Collect the readings of a skid's OPC UA server.")
parser.add_argument("config", type=Path, help="TOML, see docs/how-to/integrator.md")
try:
    run(parser.parse_args().config)
except NothingCollectedError as fault:
    sys.exit(str(fault))
