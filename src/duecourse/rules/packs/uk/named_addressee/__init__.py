"""No demands to the occupier."""
