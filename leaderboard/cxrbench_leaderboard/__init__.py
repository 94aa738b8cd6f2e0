"""The leaderboard: result files, printed claims and dataset cards to a static site. It never sees images or labels."""
