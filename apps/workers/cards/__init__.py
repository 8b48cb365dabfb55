"""The cards of a machine: read in a child, sampled once per machine, kept and summed up."""
