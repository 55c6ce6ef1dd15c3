"""What is learnt: latent factors, first stage, ranker, calibration."""
