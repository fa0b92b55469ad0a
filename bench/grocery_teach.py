"""What a hundred labels from the labelling page are worth, in grocery stores: accuracy before and after.

python -m bench.grocery_teach --data DATA --runs RUNS
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.cells import Cell, Protocol
from bench.grocery import answers, asked, begun, scores
from bench.kept import Kept
from synthda.adapt.adaptation import adapt, export_run
from synthda.adapt.labelling.desk import Desk
from synthda.adapt.labelling.queues import gather
from synthda.adapt.predict import Classifier
from synthda.adapt.run import Run
from synthda.adapt.train import Pace
from synthda.adapt.trained import load_run
from synthda.datasets.domain import Domain
from synthda.datasets.label_file import open_labels
from synthda.datasets.label_journal import Journal
from synthda.manifest import fingerprint

TABLE = "grocery-teach"
BEFORE, AFTER = "before", "after"


def labelled(run: Run, folder: Path, count: int, seed: int, out: Path) -> Path:
    """A label file with the first photographs of the *teach* queue of `folder`, answered by their class folders."""
    classifier = Classifier(run.onnx)
    found, _ = gather(folder)
    with Journal(out, folder, classifier.classes, seed=seed) as journal:
        desk = Desk(folder, found, classifier, journal)
        desk.suggestions.start()
        desk.suggestions.join()
        while len(journal.latest("teach")) < count:
            shown = desk.state("teach")["photo"]
            desk.decide("teach", shown["content"], shown["file"].partition("/")[0])
    return out


def measured(protocol: Protocol, seed: int, photographs: Domain, device: str) -> dict[str, dict[str, Any]]:
    """The scores of the run without labels, and of the same training with them."""
    told = protocol.told["products"]["teach"]
    cell = Cell(told["table"], protocol.table(told["table"])["pairs"][0], told["method"], seed)
    given, first = protocol.data_of(cell), protocol.run_of(cell)
    plan, pace = protocol.blueprint_of(cell, given.classes), Pace(log_every=100, on_log=print)
    adapt(plan, given, first, device=device, export=False, pace=pace)
    export_run(first)
    folder = protocol.runs / TABLE / f"seed{seed}"
    file = folder / "labels.jsonl"
    if not file.exists():
        labelled(first, protocol.data / "grocery" / "train", told["labels"], seed, file)
    taught = open_labels(file, "teach", size=plan.input_size)
    second = Run(folder / "run")
    adapt(plan, replace(given, labelled_target=taught), second, device=device, export=False, pace=pace)
    runs = {BEFORE: first, AFTER: second}
    return {
        name: scores(answers(load_run(run)[1].to(device), photographs), plan.classes, photographs, protocol.data)
        for name, run in runs.items()
    }


def main() -> None:
    arguments = asked(__doc__).parse_args()
    protocol, photographs, seeds = begun(arguments, "teach")
    told = protocol.told["products"]["teach"]
    products = protocol.fingerprint_of(told["table"])
    changing = {"products": products, "method": told["method"], "labels": told["labels"]}
    kept = Kept(TABLE, fingerprint(changing))
    for seed in seeds:
        if not kept.has(AFTER, seed):
            for name, found in measured(protocol, seed, photographs, arguments.device).items():
                kept.add(name, seed, found)


if __name__ == "__main__":
    main()
