"""Who takes part: creditors, agencies, people with roles, contracts and fee schedules."""
