"""Street demand: how many would come to one session of a product, were seats no limit.

One small module a step, each usable alone; :mod:`recommender.demand.small_areas.rates` chains those
that turn counts into rates and :mod:`recommender.demand.model` holds the fitted result.
"""
