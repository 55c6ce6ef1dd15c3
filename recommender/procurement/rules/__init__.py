"""Rules of plans: one module a family, each with its rows, its verification and its explanation."""
