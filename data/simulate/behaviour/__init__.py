"""What buyers, residents and the old booking platform do in a simulated district."""
