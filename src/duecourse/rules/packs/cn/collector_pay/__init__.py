"""No pay by recovery alone."""
