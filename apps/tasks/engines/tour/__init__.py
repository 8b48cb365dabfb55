"""The built-in tour: a small real pipeline to look at, in embedded mode only."""
