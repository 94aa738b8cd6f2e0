"""The command line: thin click commands, one file a group, each imported when it is called."""
