"""Demand of products: priors from what a product is."""
