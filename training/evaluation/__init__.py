"""Walk-forward evaluation, backtests and the gate."""
