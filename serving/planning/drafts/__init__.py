"""Drafts of plans: an officer's changes beside the signed document, judged at once."""
