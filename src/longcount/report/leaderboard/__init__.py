"""The leaderboard as tables, a figure and a page: read from what was judged."""
