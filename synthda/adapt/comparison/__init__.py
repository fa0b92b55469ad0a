"""Pairs of domains × methods × seeds, trained, scored and laid side by side."""
