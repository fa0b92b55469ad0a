"""`MODEL_CARD.md`: what a run's model is, what it learnt from, what it does and does not do, from the run's manifest.

Mitchell et al. 2019, "Model Cards for Model Reporting"; in the form that Hugging Face reads. No torch.
"""
