"""The same bytes whatever the number of workers: SHA-256 of every shard with 1, 2 and 4 of them.

python -m bench.workers
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from bench.machine import machine
from bench.paths import RESULTS
from synthda.manifest import write_json
from synthda.synth.generate import generate
from synthda.synth.syn_numbers import SynNumbers

COUNT = 25_000


def main() -> None:
    runs: dict[int, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for workers in (1, 2, 4):
            began = time.perf_counter()
            out = Path(scratch) / str(workers)
            manifest = generate(SynNumbers(), out, name="syn-numbers", count=COUNT, seed=0, workers=workers)
            seconds = time.perf_counter() - began
            runs[workers] = {
                "sha256": [shard["sha256"] for shard in manifest["shards"]],
                "images_per_second": round(COUNT / seconds),
            }
    identical = all(run["sha256"] == runs[1]["sha256"] for run in runs.values())
    write_json(
        RESULTS / "workers.json", {"count": COUNT, "identical": identical, "workers": runs, "machine": machine()}
    )
    print("identical" if identical else "DIFFERENT")


if __name__ == "__main__":
    main()
