"""From definitions, a selection and a host to one immutable plan. Pure."""
