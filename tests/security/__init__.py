"""Whether two tenants can meet, and what the console does with input that means harm."""
