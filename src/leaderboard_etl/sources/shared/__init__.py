"""Readers that several sources share: kinds of text and tables, and two kinds of files that two leaderboards share."""
