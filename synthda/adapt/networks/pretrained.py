"""torchvision's models without their heads, and weights for them: from a file, or downloaded."""

from __future__ import annotations

import http.client
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from synthda.adapt.checkpoint import DAMAGE, refuse_unreadable
from synthda.adapt.network import Size
from synthda.adapt.networks.layers import GlobalAverage
from synthda.errors import RunError, SettingError
from synthda.manifest import sha256_of

Weights = Mapping[str, Tensor]

HEADS = {
    "resnet": "fc",
    "squeezenet": "classifier.1",
    "mobilenet": "classifier.3",
    "efficientnet": "classifier.1",
    "convnext": "classifier.2",
    "vit": "heads.head",
    "swin": "head",
}
"""The layer that gives a thousand classes, by family."""

PATCH = 16
"""Side of the patches of vit_b_16, px."""


def head_of(model: str) -> str:
    """The dotted name of the layer that is left away."""
    return next(path for family, path in HEADS.items() if model.startswith(family))


def without_head(model: str, input_size: Size) -> tuple[nn.Module, int]:
    """The model with random weights, its last layer passing on what comes in: (B, 3, H, W) → (B, width).

    Average pooling to one pixel is a plain mean here: the gradient of torch's adaptive pooling is not deterministic
    on CUDA.

    Raises:
        SettingError: when a transformer's patches do not fill the image.
    """
    from torchvision.models import get_model

    layers: nn.Module = get_model(model, weights=None, **_shape(model, input_size))
    head = layers.get_submodule(head_of(model))
    width = head.in_channels if isinstance(head, nn.Conv2d) else head.in_features
    assert isinstance(width, int)
    layers.set_submodule(head_of(model), nn.Identity())
    for name, module in list(layers.named_modules()):
        if isinstance(module, nn.AdaptiveAvgPool2d):
            assert module.output_size in (1, (1, 1))
            layers.set_submodule(name, GlobalAverage(keepdim=True))
    return layers, width


def _shape(model: str, input_size: Size) -> dict[str, int]:
    """What the model must know of the image's size: nothing, but for the transformer with one embedding a patch."""
    if not model.startswith("vit"):
        return {}
    height, width = input_size
    if height != width or height % PATCH:
        raise SettingError(f"{model} takes square images of a multiple of {PATCH} px; given {width}×{height}.")
    return {"image_size": height}


def read(path: Path) -> Weights:
    """The state dict in a file that torch.save wrote; no code in it is run.

    Raises:
        RunError: when the file is missing, damaged, or holds anything else.
    """
    path = path.expanduser()
    try:
        if zipfile.is_zipfile(path):  # torch itself reads over a flipped bit
            with zipfile.ZipFile(path) as archive:
                if archive.testzip() is not None:
                    raise ValueError("its checksums do not match")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise RunError(_missing(path)) from error
    except (*DAMAGE, MemoryError) as error:
        refuse_unreadable(path, error)
        reason = str(error).splitlines()[0].partition(". ")[0] if str(error) else type(error).__name__
        raise RunError(
            f"{path} is damaged or no file of weights ({reason}); give --weights a state dict that torch.save wrote."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise RunError(f"{path} holds no state dict of tensors by name; save one with torch.save(model.state_dict()).")
    return state


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file of weights; raises RunError where there is none."""
    try:
        return sha256_of(path.expanduser())
    except OSError as error:
        raise RunError(_missing(path)) from error


def default_name(model: str) -> str:
    """The file of torchvision's best weights for a model; the end of its name is the start of its SHA-256."""
    return url_of(model).rpartition("/")[2]


def url_of(model: str) -> str:
    """Where torchvision has its best weights for a model."""
    return str(_default(model).url)


def cached(model: str) -> Path:
    """Where torch keeps these weights once they are downloaded."""
    return Path(torch.hub.get_dir()) / "checkpoints" / default_name(model)


def downloaded(model: str) -> Weights:
    """torchvision's best weights for a model, from its cache or the network, compared with the hash in their name.

    Raises:
        RunError: when they cannot be had.
    """
    try:
        state: Weights = torch.hub.load_state_dict_from_url(
            url_of(model), map_location="cpu", check_hash=True, weights_only=True
        )
    except (*DAMAGE, http.client.HTTPException) as error:
        raise RunError(
            f"The weights {default_name(model)} could not be downloaded ({error}). Get {url_of(model)} where there is "
            f"a network, and give it with --weights FILE or put it into {cached(model).parent}; or start from random "
            "weights, with --weights none and without frozen stages."
        ) from error
    return state


def put(weights: Weights, layers: nn.Module, model: str, origin: str) -> None:
    """Copy a state dict with torchvision's names into a model without head; what is the head's is left away.

    Args:
        weights: tensors by name.
        layers: made by `without_head`.
        model: its name.
        origin: what to call the weights in an error.

    Raises:
        RunError: when names or shapes do not fit; nothing has been copied then.
    """
    head, wanted = head_of(model) + ".", layers.state_dict()
    given = {name: value for name, value in weights.items() if not name.startswith(head)}
    # torch counts batches since 0.4; older files have no such counts, and nothing depends on them.
    lacking = [name for name in wanted if name not in given and not name.endswith("num_batches_tracked")]
    surplus = [name for name in given if name not in wanted]
    if lacking or surplus:
        what = f"lacks {_first(lacking)}" if lacking else f"has {_first(surplus)}, which {model} does not know"
        raise RunError(f"{origin} does not fit {model}: it {what}; give weights that torchvision's {model} saved.")
    if model.startswith("vit"):
        given = _embedded(given, wanted)
    other = [name for name, value in given.items() if value.shape != wanted[name].shape]
    if other:
        shapes = f"{tuple(given[other[0]].shape)}, not {tuple(wanted[other[0]].shape)}"
        raise RunError(
            f"{origin} does not fit {model}: {other[0]} has the shape {shapes}; give weights of torchvision's {model}."
        )
    layers.load_state_dict(given, strict=False)


def _embedded(given: dict[str, Tensor], wanted: Weights) -> dict[str, Any]:
    """A transformer's position embeddings, interpolated to the number of patches of the image."""
    from torchvision.models.vision_transformer import interpolate_embeddings

    name = "encoder.pos_embedding"
    patches, has = wanted[name].shape[1] - 1, given[name].shape[1] - 1
    if given[name].dim() != 3 or round(has**0.5) ** 2 != has:
        return given
    side = PATCH * round(patches**0.5)
    interpolated: dict[str, Any] = interpolate_embeddings(side, PATCH, given)
    return interpolated


def _first(names: list[str]) -> str:
    more = len(names) - 1
    return names[0] + (f" and {more} more" if more else "")


def _missing(path: Path) -> str:
    return f"{path} does not exist or cannot be read; give --weights a file, default, or none."


def _default(model: str) -> Any:
    from torchvision.models import get_model_weights

    return get_model_weights(model).DEFAULT
