"""What is done with finished models for people to read: pages, plots, diagnosis."""
