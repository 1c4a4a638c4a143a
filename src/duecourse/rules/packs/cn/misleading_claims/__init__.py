"""No misleading claims."""
