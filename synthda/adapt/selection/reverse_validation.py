"""Reverse validation (Zhong et al. 2010, ECML PKDD; as in Ganin et al. 2016, JMLR), in the features."""

from __future__ import annotations

import numpy as np

from synthda.adapt.selection.validation import Validation


def reverse_validation(validation: Validation) -> float:
    """Accuracy on held-out source images of a classifier that has learnt the target by its predicted labels.

    The papers train the whole method a second time, from the self-labelled target to the source. Here the way back is
    a linear classifier on the candidate's features, which stay as they are: seconds instead of a second training, and
    blind to what the features have lost already.
    """
    from sklearn.linear_model import LogisticRegression

    guessed = validation.probabilities_t.argmax(axis=1)
    if len(np.unique(guessed)) == 1:
        return float((validation.labels_s == guessed[0]).mean())
    mean = validation.features_t.mean(axis=0, dtype=np.float64)
    deviation = validation.features_t.std(axis=0, dtype=np.float64)
    deviation = np.where(deviation > 1e-8, deviation, 1.0)
    backwards = LogisticRegression(C=0.01, max_iter=500)
    backwards.fit((validation.features_t - mean) / deviation, guessed)
    answers = backwards.predict((validation.features_s - mean) / deviation)
    return float((answers == validation.labels_s).mean())
