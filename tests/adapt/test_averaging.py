"""An average that follows a network."""

from __future__ import annotations

import copy

import pytest
import torch
from shown import colour_network
from torch import nn

from synthda.adapt.averaging import follow


@pytest.mark.parametrize("buffers", [True, False])
def test_the_average_keeps_its_share_and_takes_buffers_where_asked(buffers: bool) -> None:
    learnt = colour_network()
    learnt.feature_extractor.append(nn.BatchNorm1d(3))
    average = copy.deepcopy(learnt)
    before = {name: value.clone() for name, value in average.state_dict().items()}
    with torch.no_grad():
        for value in learnt.state_dict().values():
            value += 1
    follow(average, learnt, kept=0.75, buffers=buffers)
    weights = {name for name, _ in learnt.named_parameters()}
    for name, value in average.state_dict().items():
        moved = 0.25 if name in weights else float(buffers)
        torch.testing.assert_close(value, (before[name] + moved).to(value.dtype))
