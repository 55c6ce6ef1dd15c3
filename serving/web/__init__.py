"""What residents' pages and the console share: rendering, forms, sessions, charts."""
