"""Purchase plans: problem, rules, solvers, verification, explanations."""

from recommender.procurement.solver.milp import plan_procurement

__all__ = ["plan_procurement"]
