"""The descent: which parameters a step moves."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from shown import batch, colour_network
from toy import weights

from synthda.adapt.descent import Descent
from synthda.adapt.methods.mcd import MCD
from synthda.adapt.recipe import Recipe
from synthda.adapt.run import Run

GENERATOR, PREDICTORS = ("network.feature_extractor.",), ("network.label_predictor.", "second.")


@pytest.mark.parametrize(
    ("names", "stepped"),
    [(("generator",), GENERATOR), (("predictors",), PREDICTORS), ((), (*GENERATOR, *PREDICTORS))],
)
def test_of_a_loss_that_reaches_all_the_optimizers_that_are_named_take_a_step_and_without_names_all(
    names: tuple[str, ...], stepped: tuple[str, ...], tmp_path: Path
) -> None:
    method, run = MCD(colour_network()), Run(tmp_path)
    run.begin({})
    descend = Descent(method, Recipe(), run, torch.device("cpu"))
    before = weights(method)
    descend(method.losses(batch(), torch.tensor(0.5))["label"], *names)
    moved = {name for name, value in weights(method).items() if not torch.equal(value, before[name])}
    assert moved == {name for name, _ in method.named_parameters() if name.startswith(stepped)}
