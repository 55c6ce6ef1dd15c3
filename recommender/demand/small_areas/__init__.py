"""From counts of app users to rates of streets, with intervals."""
