"""The pure core: arrays in, answers out.

Nothing here knows a clock, a file, a database, the environment or global random state; times,
generators and arrays are arguments.
"""
