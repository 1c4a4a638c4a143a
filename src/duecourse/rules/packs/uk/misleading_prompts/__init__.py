"""No misleading prompts."""
