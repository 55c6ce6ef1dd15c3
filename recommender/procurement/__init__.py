"""Purchase plans: problem, solvers, second opinion, checker, explanations."""
