"""Only contact persons agreed beforehand."""
