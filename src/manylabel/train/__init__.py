"""The training of networks: one loop, and what it is made of. It knows tasks, no models by name."""
