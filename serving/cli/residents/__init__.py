"""Commands about residents' lists and rights."""
