"""Purchase plans: problem, solvers, second opinion, verifier, explanations."""
