"""What people and programs touch: settings, the command line, the API and the pages."""
