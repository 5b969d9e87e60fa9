"""From a run and a policy profile to one verdict. Pure."""
