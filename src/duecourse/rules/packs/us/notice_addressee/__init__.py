"""To whom the notice goes after death."""
