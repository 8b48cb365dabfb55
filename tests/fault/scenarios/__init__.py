"""The scenarios, one module each; `catalogue.py` lists them."""
