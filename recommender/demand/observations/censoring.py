"""Sold-out sessions hide demand: a negative-binomial censored likelihood with waiting lists.

Session j of product p has demand ``D_j ~ NB(mean e_j·θ_p, size r)``. A session with room left shows
D_j; one that was full shows only ``D_j >= C`` (seats taken), and a waiting list of W on which each
of the ``D - C`` turned away stood with one common, unknown chance π: ``W ~ Binomial(D - C, π)``.
(To take C + W for the bound would be wrong: a long list is itself a sign of high demand, and totals
come out too high.) Where no waiting list was ever open, C alone speaks.

Where it is known *when* the session filled up, that says far more: by then the share F of such
sessions' bookings is usually in (the booking curve of the sessions that never filled; Talluri & van
Ryzin 2004, ch. 9), so the seats asked for until then are a full observation of ``D_j·F``. With D_j
Poisson around a Gamma rate, ``(1 - F)·e_j·θ_p·(r + C) / (r + F·e_j·θ_p)`` were still to come. No
tail of a distribution has to be believed then.

The rates θ of a category's products follow a distribution over a grid, learnt from the data
(non-parametric maximum likelihood by EM, categories shrunk to all products together); r is, for
each category, the size of greatest marginal likelihood. Hidden demand is averaged over each
product's posterior: a single best rate would understate the products that were always full.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln

Floats = NDArray[np.float64]

SIZES: Floats = np.geomspace(0.7, 60.0, 10)
"""Grid of negative-binomial sizes; a large one is nearly a Poisson distribution."""
NODES = 32
_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Unconstrained:
    """Demand of every session.

    Attributes
    ----------
    demand
        Expected demand, shape (sessions,): what was seen, or more where the session was full.
    rate
        Posterior mean of θ, shape (products,); by category where a product had no session.
    size
        r of each category, shape (categories,).
    """

    demand: Floats
    rate: Floats
    size: Floats


def unconstrain(
    taken: Floats,
    waiting: Floats,
    full: NDArray[np.bool_],
    opportunity: Floats,
    product: NDArray[np.intp],
    group: NDArray[np.intp],
    *,
    early: Floats | None = None,
    elapsed: Floats | None = None,
    passes: int = 3,
) -> Unconstrained:
    """Demand of sessions if capacity were unlimited.

    Parameters
    ----------
    taken, waiting
        Seats taken, and seats asked for on the waiting list, shape (sessions,).
    full
        Whether the session had no seat left.
    opportunity
        e, how much demand the session's circumstances make possible, > 0; ones if all are alike.
    product
        Product of each session.
    group
        Category of each product, shape (products,).
    early, elapsed
        Seats asked for until each session filled up, and the share F of a session's demand
        that is usually in by then, in (0, 1], NaN where unknown; shape (sessions,).
    passes
        Rounds of estimating π from what the waiting lists show, for full sessions without F.

    Returns
    -------
    Demand of every session, rate of every product, and overdispersion of every category.
    """
    n_groups = int(group.max(initial=0)) + 1
    if len(taken) == 0:
        return Unconstrained(np.zeros(0), np.ones(len(group)), np.full(n_groups, 10.0))
    seen = (taken + waiting).astype(np.float64)
    if early is None or elapsed is None:
        early, elapsed = seen, np.full(len(seen), np.nan)
    timed = full & np.isfinite(elapsed)
    part = np.where(timed, elapsed, 1.0)
    full = full & ~timed
    shown = np.where(timed, early, np.where(full, np.maximum(taken, 1.0), seen))
    raw = (np.maximum(seen, shown / part) + 0.5) / opportunity
    grid = np.geomspace(raw.min() / 2.0, raw.max() * (6.0 if full.any() else 1.5), NODES)
    mean = (opportunity * part)[:, None] * grid
    size = _sizes(shown, full, mean, product, group, n_groups)
    r = size[group[product]]

    fit = _session_fit(shown, full, mean, r[:, None])
    posterior = _posterior(_by_product(fit, product, len(group)), group, n_groups)
    of = product[full]
    beyond = tail_mean(shown[full][:, None], mean[full], r[full][:, None])
    hidden = (posterior[of] * beyond).sum(axis=1)
    for _ in range(passes):
        away = float((hidden - shown[full]).sum())
        chance = min(float(waiting[full].sum()) / away, 0.95) if away > 0 else 0.0
        if chance < 0.01:
            break
        fit[full], beyond = _with_waiting(shown[full], waiting[full], mean[full], r[full], chance)
        posterior = _posterior(_by_product(fit, product, len(group)), group, n_groups)
        hidden = (posterior[of] * beyond).sum(axis=1)
    demand = seen.copy()
    demand[full] = np.maximum(hidden, seen[full])
    mu, c, s = mean[timed], shown[timed][:, None], r[timed][:, None]
    to_come = (1.0 / part[timed] - 1.0)[:, None] * mu * (s + c) / (s + mu)
    curve = shown[timed] + (posterior[product[timed]] * to_come).sum(axis=1)
    demand[timed] = np.maximum(curve, seen[timed])
    return Unconstrained(demand, posterior @ grid, size)


def tail_mean(bound: Floats, mean: Floats, size: Floats) -> Floats:
    """``E[D | D >= bound]`` of a negative binomial; shapes broadcast.

    From ``d·f(d; r) = μ·f(d-1; r+1)`` and ``P(D >= b) = I_{1-p}(b, r)``, p = r / (r + μ).

    Parameters
    ----------
    bound
        b, whole numbers >= 0.
    mean
        μ, > 0.
    size
        r, > 0; variance ``μ + μ²/r``.

    Returns
    -------
    The conditional means, >= ``bound``.
    """
    failure = mean / (size + mean)
    above = betainc(np.maximum(bound, 1e-9), size, failure)
    below = np.maximum(bound - 1.0, 1e-9)
    shifted = np.where(bound > 1.0, betainc(below, size + 1.0, failure), 1.0)
    far = above < 1e-12
    exact = mean * np.where(far, 1.0, shifted / np.where(far, 1.0, above))
    # Far out the tail falls by a factor q a step, which leaves q / (1 - q) beyond the bound.
    step = np.minimum((bound + size) / (bound + 1.0) * failure, 0.999)
    return np.asarray(np.where(far, bound + step / (1.0 - step), np.maximum(exact, bound)))


def _session_fit(
    shown: Floats, full: NDArray[np.bool_], mean: Floats, size: Floats | float
) -> Floats:
    """Log likelihood of each session at each rate of the grid, shape (sessions, NODES)."""
    count = shown[:, None]
    fit = gammaln(count + size) - gammaln(size) - gammaln(count + 1.0)
    fit = fit + size * np.log(size / (mean + size)) + count * np.log(mean / (mean + size))
    rows = full.nonzero()[0]
    of = size[rows] if isinstance(size, np.ndarray) else size
    above = betainc(count[rows], of, mean[rows] / (of + mean[rows]))
    fit[rows] = np.log(np.maximum(above, 1e-300))
    return np.asarray(fit)


def _by_product(fit: Floats, product: NDArray[np.intp], n_products: int) -> Floats:
    total = np.zeros((n_products, fit.shape[1]))
    np.add.at(total, product, fit)
    return total


def _posterior(
    fit: Floats, group: NDArray[np.intp], n_groups: int, *, weight: float = 30.0
) -> Floats:
    """Each product's distribution over the grid, shape (products, NODES)."""
    likelihood = np.exp(fit - fit.max(axis=1, keepdims=True))
    offered = (fit != 0).any(axis=1)
    pooled = np.full(fit.shape[1], 1.0 / fit.shape[1])
    for _ in range(50):
        member = likelihood[offered] * pooled
        member /= member.sum(axis=1, keepdims=True)
        pooled = 0.999 * member.mean(axis=0) + 0.001 / fit.shape[1]
    prior = np.tile(pooled, (n_groups, 1))
    for _ in range(20):
        member = likelihood * prior[group]
        member /= member.sum(axis=1, keepdims=True)
        total = np.zeros_like(prior)
        np.add.at(total, group[offered], member[offered])
        prior = (total + weight * pooled) / (total.sum(axis=1, keepdims=True) + weight)
    member = likelihood * prior[group]
    return np.asarray(member / member.sum(axis=1, keepdims=True))


def _sizes(
    shown: Floats,
    full: NDArray[np.bool_],
    mean: Floats,
    product: NDArray[np.intp],
    group: NDArray[np.intp],
    n_groups: int,
) -> Floats:
    """Size by category; categories with few repeated products lean on all together."""
    evidence = np.zeros((len(SIZES), n_groups))
    for k, size in enumerate(SIZES):
        fit = _by_product(_session_fit(shown, full, mean, float(size)), product, len(group))
        top = fit.max(axis=1)
        likelihood = np.exp(fit - top[:, None])
        prior = np.full(fit.shape[1], 1.0 / fit.shape[1])
        for _ in range(30):
            member = likelihood * prior
            member /= member.sum(axis=1, keepdims=True)
            prior = member.mean(axis=0)
        marginal = top + np.log((likelihood * prior).sum(axis=1))
        evidence[k] = np.bincount(group, weights=marginal, minlength=n_groups)
    together = evidence.sum(axis=1) / max(len(np.unique(product)), 1)
    return np.asarray(SIZES[np.argmax(evidence + 50.0 * together[:, None], axis=0)])


def _with_waiting(
    taken: Floats, waiting: Floats, mean: Floats, size: Floats, chance: float
) -> tuple[Floats, Floats]:
    """Log likelihood of C and W, and ``E[D | D >= C, W]``, at every rate; (sessions, NODES)."""
    fit, found = np.empty_like(mean), np.empty_like(mean)
    # Fine where the mass usually lies, coarse in the tail; the widths weigh the nodes.
    nodes = np.linspace(0.0, 1.0, 48) ** 2
    for start in range(0, len(taken), _CHUNK):
        part = slice(start, start + _CHUNK)
        c, w, r = (x[part, None, None] for x in (taken, waiting, size))
        mu = mean[part, :, None]
        reach = 6.0 * np.sqrt(mu + mu**2 / r) + 4.0 * w / chance + 8.0
        more = nodes * reach
        count = c + w + more
        log = gammaln(count + r) - gammaln(count + 1.0) - gammaln(r)
        log += count * np.log(mu / (mu + r)) + r * np.log(r / (mu + r))
        log += gammaln(w + more + 1.0) - gammaln(w + 1.0) - gammaln(more + 1.0)
        log += more * np.log1p(-chance)
        top = log.max(axis=2, keepdims=True)
        mass = np.exp(log - top) * np.gradient(nodes) * reach
        total = mass.sum(axis=2)
        fit[part] = np.log(total) + top[:, :, 0]
        found[part] = (mass * count).sum(axis=2) / total
    return fit, found
