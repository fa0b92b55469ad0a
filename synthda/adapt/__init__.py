"""Networks, adaptation methods, the training loop, evaluation and export."""
