"""Asking others for the whereabouts of a consumer who has an attorney."""
