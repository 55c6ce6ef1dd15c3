"""Pages generated from the program itself."""
