"""Purchase plans: pages, which plans there are, the form of rules."""
