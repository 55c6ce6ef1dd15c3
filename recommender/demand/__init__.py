"""Street demand: expected attendances at one session of a product if capacity were unlimited.

One small module a step, each usable alone; :mod:`recommender.demand.small_areas.rates` chains those
that turn counts into rates and :mod:`recommender.demand.model` holds the fitted result.
"""
