"""What several sources read alike: kinds of text and tables, and two kinds of files that two leaderboards share."""
