"""Labels from a person, by a local page: what is measured and what is taught never meet; no torch."""
