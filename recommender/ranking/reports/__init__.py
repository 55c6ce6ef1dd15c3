"""Reports about lists: exposure of suppliers, overbooking."""
