"""Where result files and pictures lie."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).with_name("results")
PROTOCOL = Path(__file__).with_name("protocol.toml")
