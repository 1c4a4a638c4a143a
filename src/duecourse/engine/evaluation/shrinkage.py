"""Gamma-Poisson shrinkage with an uncertain spread, and what follows from it: quantiles and probabilities of order.

Agency k has the effect θ_k, the exposure a_k and the count c_k ~ Poisson(θ_k·a_k); θ_k ~ Gamma with mean m and variance (m·τ)². The mean
m is estimated, the spread τ is integrated over a grid, so that intervals stay honest with few agencies.

Source: docs/algorithms/evaluation.md, "Shrinkage". Clayton and Kaldor, Biometrics 43 (1987).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from duecourse.engine.evaluation.schemas import Reals

SPREADS: Final = np.geomspace(0.005, 1.5, 48)
QUANTILE_STEPS: Final = 60
ORDER_POINTS: Final = 32
NEGLIGIBLE: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Posterior:
    """A mixture over T spreads of gamma distributions, for K agencies.

    Attributes:
        weights: float64[T], summing to 1.
        shapes, rates: float64[T, K].
    """

    weights: Reals
    shapes: Reals
    rates: Reals

    def mean(self) -> Reals:
        """Return float64[K], the posterior means."""
        mean: Reals = self.weights @ (self.shapes / self.rates)
        return mean

    def below(self, limits: Reals) -> Reals:
        """Return float64[K], the probability that each effect lies below its limit (float64[K])."""
        share: Reals = self.weights @ special.gammainc(self.shapes, np.maximum(limits, 0.0) * self.rates)
        return share

    def quantile(self, share: float) -> Reals:
        """Return float64[K], the value each effect stays below with probability `share`, by bisection."""
        low, high = np.zeros(self.shapes.shape[1]), (self.shapes / self.rates).max(axis=0) + 1e-12
        while (self.below(high) < share).any():
            high = high * 2
        for _ in range(QUANTILE_STEPS):
            middle = (low + high) / 2
            is_below = self.below(middle) < share
            low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
        found: Reals = (low + high) / 2
        return found

    def among_best(self, count: int) -> Reals:
        """Return float64[K], the probability that fewer than `count` other agencies have a higher effect.

        Given the spread the effects are independent, so the number of higher ones has a Poisson-binomial distribution; it is averaged
        over 32 equally likely values of the agency's own effect.
        """
        points = (np.arange(ORDER_POINTS) + 0.5) / ORDER_POINTS
        own = special.gammaincinv(self.shapes[:, :, None], points) / self.rates[:, :, None]
        spreads, agencies, _ = own.shape
        fewer = np.zeros((*own.shape, count))
        fewer[..., 0] = 1.0
        for j in range(agencies):
            higher = special.gammaincc(self.shapes[:, j, None, None], own * self.rates[:, j, None, None])
            higher[:, j] = 0.0
            more = np.concatenate([np.zeros((*own.shape, 1)), fewer[..., :-1]], axis=-1)
            fewer = fewer * (1 - higher)[..., None] + more * higher[..., None]
        among: Reals = self.weights @ fewer.sum(axis=-1).mean(axis=-1).reshape(spreads, agencies)
        return among


def shrink(counts: Reals, exposures: Reals, *, spread_prior: float, mean: float | None = None) -> Posterior:
    """Return the posterior of the effects.

    Args:
        counts: float64[K], pseudo-counts observed.
        exposures: float64[K], the same in expectation; agencies with 0 get the prior.
        spread_prior: scale of the half-normal prior on τ.
        mean: the prior mean m, or None to estimate it for each τ from all agencies.

    Guarantees:
        With exposure 0 the posterior mean is m; with growing exposure it goes to counts / exposures.
    """
    spreads = SPREADS[:, None]
    totals = exposures.sum()
    start = mean if mean is not None else (counts.sum() / totals if totals > 0 else 1.0)
    start = max(start, 1e-9)
    centre = np.full((len(SPREADS), 1), start)
    known = exposures > 0
    if mean is None and known.any():
        ratio = np.where(known, counts / np.maximum(exposures, 1e-300), 0.0)
        precision = np.where(known, 1 / ((centre * spreads) ** 2 + centre / np.maximum(exposures, 1e-300)), 0.0)
        centre = np.maximum((precision * ratio).sum(axis=1, keepdims=True) / precision.sum(axis=1, keepdims=True), 1e-9)
    shape, rate = 1 / spreads**2 * np.ones_like(centre), 1 / (spreads**2 * centre)
    likelihood = (
        special.gammaln(shape + counts)
        - special.gammaln(shape)
        + shape * np.log(rate / (rate + exposures))
        + special.xlogy(counts, exposures / (rate + exposures))
    ).sum(axis=1)
    prior = -0.5 * (SPREADS / spread_prior) ** 2 + np.log(SPREADS)
    weights = np.exp(likelihood + prior - (likelihood + prior).max())
    weights = np.where(weights < NEGLIGIBLE, 0.0, weights)
    kept = weights > 0
    return Posterior((weights / weights.sum())[kept], (shape + counts)[kept], (rate + exposures)[kept])
