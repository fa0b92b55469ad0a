"""Render a labelled synthetic domain, adapt a classifier from it to unlabelled photographs, export it to ONNX."""

__version__ = "0.1.0"
