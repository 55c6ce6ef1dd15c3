"""The batch jobs: time splits, evaluation, fitting, the registry, the gate and retraining."""
