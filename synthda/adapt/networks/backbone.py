"""Networks of torchvision that have learnt ImageNet, with a new bottleneck and label predictor on top."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from synthda.adapt.network import Network, Size
from synthda.adapt.networks import Model, pretrained
from synthda.adapt.networks.layers import fully_connected, initialise, refuse_below
from synthda.adapt.networks.stages import modules_of, stages_of
from synthda.adapt.recipe import Recipe, learn_at
from synthda.errors import SettingError
from synthda.settings import Between

DEFAULT, NOTHING = "default", "none"
"""In place of a file: torchvision's weights, downloaded, and random ones."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colour channels in [0, 1]: what torchvision's weights were trained behind."""


class Backbone(Network):
    """A torchvision model that has learnt ImageNet, with an adaptation bottleneck and a label predictor on top.

    Its own layers learn at a fraction of the learning rate of the new ones. Its checkpoints hold all weights: a
    trained run needs neither the file nor the network again.
    """

    default_size = (224, 224)
    recipe = Recipe(
        source_batch=32,
        target_batch=32,
        optimizer="adam",
        learning_rate=0.001,
        weight_decay=5e-4,
        schedule="cosine",
        source_view="weak",
        target_view="weak",
    )
    scales_input = True

    def __init__(
        self,
        classes: int,
        input_size: Size = default_size,
        *,
        model: Annotated[Model, "torchvision's name"] = "resnet50",
        weights: Annotated[str, "a file with torchvision's names, default (downloads torchvision's), or none"] = (
            DEFAULT
        ),
        bottleneck: Annotated[
            int, "width of the linear layer, norm and ReLU before the predictor; 0: none", Between(0)
        ] = 256,
        rate: Annotated[float, "learning rate of the pretrained layers, as a share of the new ones'", Between(0)] = 0.1,
        stage_decay: Annotated[
            float, "rate of each pretrained stage, as a share of the rate of the stage after it", Between(0, 1)
        ] = 1.0,
        frozen: Annotated[int, "first pretrained stages that stay as they are", Between(0)] = 0,
    ) -> None:
        refuse_below(32, input_size, "backbone")
        layers, width = pretrained.without_head(model, input_size)
        if frozen and weights == NOTHING:
            raise SettingError(
                f"frozen={frozen} would keep the random weights of --weights none; give --weights a file or default, "
                "or leave out frozen."
            )
        body = Body(layers, 1.0 if weights == NOTHING else rate, stage_decay=stage_decay, frozen=frozen)
        # Layer norm: unlike batch norm it lets no image see the others of its batch.
        new = [nn.Linear(width, bottleneck), nn.LayerNorm(bottleneck), nn.ReLU()] if bottleneck else []
        predictor = fully_connected((bottleneck or width, classes))
        super().__init__(nn.Sequential(body, *new), predictor, classes, input_size)
        self.model, self.weights = model, weights
        for layer in (*new, predictor):
            initialise(layer)
        if weights != NOTHING:
            super().normalise_by(torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD))

    @property
    def inputs(self) -> Mapping[str, str]:
        if self.weights == NOTHING:
            return {}
        if self.weights == DEFAULT:
            return {"weights": pretrained.default_name(self.model)}
        return {"weights": pretrained.sha256(Path(self.weights))}

    @property
    def download(self) -> str | None:
        if self.weights != DEFAULT or pretrained.cached(self.model).exists():
            return None
        return pretrained.url_of(self.model)

    def load_pretrained(self) -> None:
        if self.weights == NOTHING:
            return
        body = self.feature_extractor[0]
        assert isinstance(body, Body)
        if self.weights == DEFAULT:
            pretrained.put(pretrained.downloaded(self.model), body.layers, self.model, "The download")
        else:
            pretrained.put(pretrained.read(Path(self.weights)), body.layers, self.model, self.weights)

    def normalise_by(self, mean: Tensor, std: Tensor) -> None:
        """As any network where it starts from nothing; pretrained layers keep the statistics that they know."""
        if self.weights == NOTHING:
            super().normalise_by(mean, std)


class Body(nn.Module):
    """The pretrained layers, (B, 3, H, W) → (B, width).

    The last stage learns at `rate` times the learning rate, each one before it at `stage_decay` times that of the next
    (discriminative fine-tuning, Howard & Ruder 2018), the first `frozen` not at all: they predict in training, too.

    Raises:
        SettingError: when there are fewer stages than are to be frozen.
    """

    def __init__(self, layers: nn.Module, rate: float, *, stage_decay: float = 1.0, frozen: int = 0) -> None:
        super().__init__()
        self.layers, self.rate, self.stage_decay, self.frozen = layers, rate, stage_decay, frozen
        count = len(stages_of(layers))
        if frozen > count:
            raise SettingError(f"frozen={frozen} is out of range; this model has {count} stages, 0 freezes none.")
        self._mark()

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._mark()

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.layers(images)
        return features

    def train(self, mode: bool = True) -> Body:
        super().train(mode)
        for module in modules_of(self.layers, self.frozen):
            module.eval()
        return self

    def _mark(self) -> None:
        parameters, stages = dict(self.layers.named_parameters()), stages_of(self.layers)
        for stage, names in enumerate(stages):
            own = [parameters[name] for name in names]
            learn_at(own, self.rate * self.stage_decay ** (len(stages) - 1 - stage))
            for parameter in own[: len(own) if stage < self.frozen else 0]:
                parameter.requires_grad_(False)
