"""What synthda raises when a person can put the matter right.

SynthdaError            one clear sentence: what was given, what is accepted, what to do
├── SettingError        a name or a value: a method, a network, `name=value`, an option
├── DataError           images, domains, shards, data sets, templates, fonts
└── RunError            run folders, checkpoints, training that broke down, exported models
"""

from __future__ import annotations


class SynthdaError(Exception):
    """A mistake that the sentence it carries tells how to correct; the command line exits with 2."""


class SettingError(SynthdaError):
    """A name or a value that is not accepted; the message lists what is."""


class DataError(SynthdaError):
    """Data that is missing, damaged, or of another kind than the command needs."""


class RunError(SynthdaError):
    """A run, a checkpoint or an exported model that cannot be used as asked."""
