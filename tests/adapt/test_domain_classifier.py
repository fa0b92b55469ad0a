"""The domain classifier's loss: of pooled sources, and of sources that are told apart."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from toy import blueprint

from synthda.adapt.additive import Seen
from synthda.adapt.domain_classifier import domain_classifier, domain_terms
from synthda.adapt.method import Batch

APART = ("dann", "iw-dann", "cdan", "cdan-e", "pada", "iwdan", "vada")
N_S, N_T = 6, 5


def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(N_S + N_T, 3, 16, 16, generator=generator)
    index = torch.arange(N_S)
    source = {"source": (images[:N_S],), "source_labels": index % 2, "source_domain": index // 3, "source_index": index}
    return Batch(**source, target=(images[N_S:],), target_index=torch.arange(N_T))


def seen() -> Seen:
    return Seen(blueprint().build().network, batch())


def logits(columns: int, seed: int = 1) -> Tensor:
    return torch.randn(N_S + N_T, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_one_source_by_two_logits_is_what_it_is_by_one() -> None:
    one = logits(1)
    both = torch.cat([torch.zeros_like(one), one], dim=1)
    shown = seen()
    shown.source_domain = torch.zeros(N_S, dtype=torch.int64)
    weights = torch.rand(N_S + N_T, dtype=torch.float64)
    for given in (None, weights):
        pooled, apart = (domain_terms(found, shown, given) for found in (one, both))
        torch.testing.assert_close(pooled["domain"], apart["domain"])
        torch.testing.assert_close(pooled["domain_accuracy"], apart["domain_accuracy"])


def test_the_cross_entropy_of_three_domains_by_hand() -> None:
    found, weights = logits(3), torch.arange(1.0, N_S + N_T + 1, dtype=torch.float64)
    chances = found.softmax(dim=1)
    domains = [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    each = [-chances[row, domain].log().item() for row, domain in enumerate(domains)]
    weighed = [weight * loss for weight, loss in zip(weights.tolist(), each, strict=True)]
    assert domain_terms(found, seen(), weights)["domain"].item() == pytest.approx(mean_of_means(weighed))
    right = [float(chances[row].argmax().item() == domain) for row, domain in enumerate(domains)]
    assert domain_terms(found, seen())["domain_accuracy"].item() == pytest.approx(mean_of_means(right))


def mean_of_means(values: list[float]) -> float:
    """Of two sources with three images each, and five of the target."""
    return sum(values[:3]) / 9 + sum(values[3:6]) / 9 + sum(values[6:]) / 15


@pytest.mark.parametrize(("n_source", "n_target"), [(2, 30), (30, 2)])
def test_a_classifier_that_sees_nothing_is_at_ln_2_and_one_half_whatever_the_batches_are(
    n_source: int, n_target: int
) -> None:
    shown = sized(n_source, n_target)
    for logit in (0.0, 1e-6):  # what it guesses does not matter
        terms = domain_terms(torch.full((n_source + n_target, 1), logit), shown)
        assert terms["domain"].item() == pytest.approx(math.log(2), abs=1e-4)
        assert terms["domain_accuracy"].item() == 0.5


def test_each_domain_pulls_alike_whatever_its_share_of_the_batch_is() -> None:
    logits = torch.zeros(32, 1, requires_grad=True)
    (pull,) = torch.autograd.grad(domain_terms(logits, sized(2, 30))["domain"], logits)
    assert pull[:2].sum().item() == pytest.approx(0.25)
    assert pull[2:].sum().item() == pytest.approx(-0.25)


def sized(n_source: int, n_target: int) -> Seen:
    images, index = torch.rand(n_source + n_target, 3, 16, 16), torch.arange(n_source + n_target)
    source, target = (images[:n_source],), (images[n_source:],)
    one = index[:n_source]
    given = Batch(source, one % 2, one * 0, one, target, index[n_source:])
    return Seen(blueprint().build().network, given)


@pytest.mark.parametrize("name", ["pada", "iwdan"])
def test_where_classes_are_weighed_they_count_alike_at_first_and_the_loss_is_that_of_dann(name: str) -> None:
    weighing, dann = blueprint(name).build(), blueprint("dann").build()
    dann.load_state_dict({key: value for key, value in weighing.state_dict().items() if key in dann.state_dict()})
    expected, found = (method.eval().losses(batch(), torch.tensor(0.5)) for method in (dann, weighing))
    for term in ("label", "domain"):
        torch.testing.assert_close(found[term], expected[term])


@pytest.mark.parametrize("name", APART)
def test_sources_that_are_told_apart_are_and_pooled_ones_are_not(name: str) -> None:
    swapped = replace(batch(), source_domain=1 - batch().source_domain)
    for source_domains, differs in ((1, False), (2, True)):
        method = blueprint(name, source_domains=source_domains).build().eval()
        first, second = (method.losses(given, torch.tensor(0.5))["domain"].item() for given in (batch(), swapped))
        assert (first != second) is differs
        assert last_layer(method.domain_classifier).out_features == (1 if source_domains == 1 else 3)


def last_layer(classifier: object) -> nn.Linear:
    assert isinstance(classifier, nn.Sequential)
    found = classifier[-1]
    assert isinstance(found, nn.Linear)
    return found


def test_its_hidden_layers_are_those_of_the_network_s_paper() -> None:
    network = blueprint().build().network
    widths = [layer.out_features for layer in domain_classifier(network, 7, 4) if isinstance(layer, nn.Linear)]
    assert widths == [*network.domain_hidden, 5]
