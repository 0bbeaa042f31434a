"""Measures detection on labelled events: what is caught, how soon, and at what cost in false cases."""
