"""What accidents, attackers and other people's files do to the product."""
