"""From a run and its verdict to reports, through one view model. Pure: returns text."""
