"""What was asked for, and its history: jobs, events, pipelines, files."""
