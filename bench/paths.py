"""Where result files lie."""

from pathlib import Path

RESULTS = Path(__file__).with_name("results")
