"""Configurations of LibMultiLabel, in the words of this library. Tables say what becomes of each of its keys."""
