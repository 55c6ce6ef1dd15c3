"""From scores to lists: rules, prices, re-ranking, exploration, reasons."""
