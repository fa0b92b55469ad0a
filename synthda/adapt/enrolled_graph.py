"""Prototypes as the last nodes of an exported model's graph, so that whatever runs the model runs them, too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from synthda.adapt.predict import FEATURES, PROBABILITIES
from synthda.adapt.prototypes import LEAST_LENGTH, Prototypes

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

PREFIX = "enrolled/"
"""Of the names of all that is added, so that it can be taken out again."""
NETWORK = PREFIX + "network_probabilities"
FACTS = "enrolled"
"""Key of the metadata that says what was enrolled."""


def attach(model: ModelProto, prototypes: Prototypes, classes: list[str], facts: dict[str, Any]) -> None:
    """Add the prototypes to a model's graph, and its metadata.

    Args:
        model: with outputs `probabilities` and `features`, and nothing enrolled.
        prototypes: at least one of them enrolled.
        classes: names of all outputs.
        facts: what to record of the enrolled classes, as JSON.
    """
    from onnx import numpy_helper

    graph = model.graph
    _rename(model, PROBABILITIES, NETWORK)
    known = len(prototypes.known)
    constants = {
        "centre": prototypes.centre[None].astype(np.float32),
        "prototypes": np.concatenate([prototypes.known, prototypes.enrolled]).astype(np.float32),
        "least": np.array(LEAST_LENGTH, np.float32),
        "one": np.array(1, np.float32),
        "axis": np.array([1], np.int64),
        "from": np.array([known], np.int64),
        "begin": np.array([0], np.int64),
        "end": np.array([np.iinfo(np.int64).max], np.int64),
    }
    nodes = _nodes(prototypes, has_unknown=len(classes) > known + len(prototypes.enrolled))
    taken = {name for node in nodes for name in node.input}
    used = {PREFIX + name: value for name, value in constants.items() if PREFIX + name in taken}
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in used.items())
    graph.node.extend(nodes)
    output = next(one for one in graph.output if one.name == PROBABILITIES)
    output.type.tensor_type.shape.dim[1].dim_value = len(classes)
    shares = {"known": known, "temperature": prototypes.temperature, "threshold": prototypes.threshold}
    _set(model, {"classes": json.dumps(classes), FACTS: json.dumps(facts | shares)})


def detach(model: ModelProto) -> tuple[Prototypes, dict[str, Any]] | None:
    """Take out what `attach` has added: the prototypes and the facts; None where nothing is enrolled."""
    from onnx import numpy_helper

    texts = {one.key: one.value for one in model.metadata_props}
    if FACTS not in texts:
        return None
    facts, graph = json.loads(texts[FACTS]), model.graph
    tensors = {one.name: numpy_helper.to_array(one) for one in graph.initializer if one.name.startswith(PREFIX)}
    rows = tensors[PREFIX + "prototypes"].astype(np.float64)
    known = int(facts["known"])
    prototypes = Prototypes(
        tensors[PREFIX + "centre"][0].astype(np.float64),
        rows[:known],
        rows[known:],
        float(facts["temperature"]),
        bool(facts["threshold"]),
    )
    for field in (graph.node, graph.initializer):
        kept = [one for one in field if not one.name.startswith(PREFIX)]
        del field[:]
        field.extend(kept)
    _rename(model, NETWORK, PROBABILITIES)
    names = json.loads(texts["classes"])
    trained = [*names[:known], *names[len(rows) :]]
    output = next(one for one in graph.output if one.name == PROBABILITIES)
    output.type.tensor_type.shape.dim[1].dim_value = len(trained)
    _set(model, {"classes": json.dumps(trained), FACTS: None})
    return prototypes, facts


def _nodes(prototypes: Prototypes, *, has_unknown: bool) -> list[NodeProto]:
    """`Prototypes.answers`, node by node."""
    from onnx import helper

    def node(kind: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
        names = [PREFIX + name if name not in (FEATURES, NETWORK) else name for name in inputs.split()]
        given = output if output == PROBABILITIES else PREFIX + output
        return helper.make_node(kind, names, [given], name=f"{PREFIX}{kind}_{output}", **attributes)

    nodes = [
        node("Sub", f"{FEATURES} centre", "centred"),
        node("ReduceL2", "centred axis", "length", keepdims=1),
        node("Max", "length least", "divisor"),
        node("Div", "centred divisor", "unit"),
        node("Gemm", "unit prototypes", "scaled", transB=1, alpha=1 / prototypes.temperature),
        node("Softmax", "scaled", "all", axis=1),
        node("Slice", "all from end axis", "chances"),
        node("ReduceSum", "chances axis", "taken", keepdims=1),
        node("Sub", "one taken", "rest"),
    ]
    if not has_unknown:
        nodes += [node("Mul", f"{NETWORK} rest", "known"), node("Concat", "known chances", PROBABILITIES, axis=1)]
        return nodes
    nodes += [
        node("Slice", f"{NETWORK} begin from axis", "of_known"),
        node("Slice", f"{NETWORK} from end axis", "of_unknown"),
        node("Mul", "of_known rest", "known"),
    ]
    if prototypes.threshold:
        shared = [node("Sub", "one of_unknown", "shared"), node("Mul", "chances shared", "new")]
        return [*nodes, *shared, node("Concat", "known new of_unknown", PROBABILITIES, axis=1)]
    return [
        *nodes,
        node("Mul", "of_unknown rest", "unknown"),
        node("Concat", "known chances unknown", PROBABILITIES, axis=1),
    ]


def _rename(model: ModelProto, name: str, new: str) -> None:
    """Of a tensor, wherever nodes give or take it."""
    for node in model.graph.node:
        for field in (node.input, node.output):
            for place, found in enumerate(field):
                if found == name:
                    field[place] = new


def _set(model: ModelProto, texts: dict[str, str | None]) -> None:
    kept = [(one.key, one.value) for one in model.metadata_props if one.key not in texts]
    del model.metadata_props[:]
    for key, value in [*kept, *texts.items()]:
        if value is not None:
            model.metadata_props.add(key=key, value=value)
