"""The work itself: tasks, claims, attempts, and the engines that run them."""
