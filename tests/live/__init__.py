"""The live socket."""
