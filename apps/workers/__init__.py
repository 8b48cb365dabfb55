"""Who can do work: worker processes and the machines they run on."""
