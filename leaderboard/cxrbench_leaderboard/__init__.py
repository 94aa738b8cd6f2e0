"""The leaderboard: from result files, reported values and dataset cards to a static site, without images or labels."""
